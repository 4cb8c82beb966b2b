// The messages between the shell and the process that reads the dump for it: a kind, a size, the bytes.
#pragma once

#include <cstdint>
#include <cstdio>
#include <optional>
#include <string>
#include <string_view>

namespace tool::shell {

enum class FrameKind : std::uint32_t {
    Command,   ///< shell → reader: words, with NULs between them
    Complete,  ///< shell → reader: what the user has typed
    Answer,    ///< reader → shell: a piece of the answer
    Remark,    ///< reader → shell: what belongs on standard error
    Context,   ///< reader → shell: the task that is the current one from now on, as a selector
    Value,     ///< reader → shell: an expression that `p` has given the next number
    End,       ///< reader → shell: the exit code, in decimal
};

struct Frame {
    FrameKind kind;
    std::string bytes;
};

/// False where the other side is gone.
bool send_frame(int descriptor, FrameKind kind, std::string_view bytes);

/// Nothing where the other side is gone, or sends what is no frame. Waits.
std::optional<Frame> receive_frame(int descriptor);

/// A stream whose text goes out as frames of that kind. Null where there is no memory.
std::FILE* open_frame_stream(int descriptor, FrameKind kind);

}  // namespace tool::shell
