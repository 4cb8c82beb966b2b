#include "shell/frames.h"

#include <array>
#include <cerrno>
#include <cstring>
#include <memory>

#include <unistd.h>

namespace tool::shell {
namespace {

struct Header {
    std::uint32_t kind;
    std::uint32_t size;
};

// The reader of a dump is not trusted with the shell's memory.
constexpr std::size_t largest_frame = 16 << 20;

bool write_whole(int descriptor, const char* bytes, std::size_t size) {
    while (size > 0) {
        const ssize_t written = ::write(descriptor, bytes, size);
        if (written < 0 && errno == EINTR) continue;
        if (written <= 0) return false;
        bytes += written;
        size -= static_cast<std::size_t>(written);
    }
    return true;
}

bool read_whole(int descriptor, char* bytes, std::size_t size) {
    while (size > 0) {
        const ssize_t count = ::read(descriptor, bytes, size);
        if (count < 0 && errno == EINTR) continue;
        if (count <= 0) return false;
        bytes += count;
        size -= static_cast<std::size_t>(count);
    }
    return true;
}

struct Sink {
    int descriptor;
    FrameKind kind;
};

ssize_t write_frame(void* cookie, const char* bytes, std::size_t size) {
    const auto* const sink = static_cast<const Sink*>(cookie);
    for (std::size_t done = 0; done < size;) {
        const std::size_t piece = std::min(size - done, largest_frame);
        if (!send_frame(sink->descriptor, sink->kind, {bytes + done, piece})) return 0;
        done += piece;
    }
    return static_cast<ssize_t>(size);
}

int close_frame(void* cookie) {
    delete static_cast<Sink*>(cookie);
    return 0;
}

}  // namespace

bool send_frame(int descriptor, FrameKind kind, std::string_view bytes) {
    const Header header{static_cast<std::uint32_t>(kind), static_cast<std::uint32_t>(bytes.size())};
    std::array<char, sizeof header> head;
    std::memcpy(head.data(), &header, sizeof header);
    return write_whole(descriptor, head.data(), head.size()) &&
           write_whole(descriptor, bytes.data(), bytes.size());
}

std::optional<Frame> receive_frame(int descriptor) {
    std::array<char, sizeof(Header)> head;
    if (!read_whole(descriptor, head.data(), head.size())) return std::nullopt;
    Header header;
    std::memcpy(&header, head.data(), sizeof header);
    if (header.size > largest_frame || header.kind > static_cast<std::uint32_t>(FrameKind::End))
        return std::nullopt;
    Frame frame{static_cast<FrameKind>(header.kind), std::string(header.size, '\0')};
    if (!read_whole(descriptor, frame.bytes.data(), frame.bytes.size())) return std::nullopt;
    return frame;
}

std::FILE* open_frame_stream(int descriptor, FrameKind kind) {
    auto sink = std::make_unique<Sink>(Sink{descriptor, kind});
    std::FILE* const stream = ::fopencookie(sink.get(), "w", {nullptr, write_frame, nullptr, close_frame});
    if (stream) sink.release();
    return stream;
}

}  // namespace tool::shell
