// The answer to `net -S`: what the struct socket and the sock of each open socket held.
#pragma once

#include <string>
#include <vector>

#include <postmortem/network.h>
#include <postmortem/struct_view.h>

namespace postmortem {

struct SocketStructs {
    struct Part {
        std::string type;  ///< "socket"; "inet_sock" or "sock"
        StructInstance instance;
    };
    struct Socket {
        OpenSocket socket;
        std::vector<Part> parts;
    };
    struct One {
        TaskMention task;
        std::vector<Socket> sockets;
        bool sockets_known = true;  ///< false: there may be more
    };
    std::vector<One> tasks;
    Problems problems;
};

/// Of the sockets that open_sockets() finds.
POSTMORTEM_API Result<SocketStructs> socket_structs(const CrashDump& dump, const TaskChoice& which = {},
                                                    const std::string& reference = {});
POSTMORTEM_API std::string to_text(const SocketStructs& structs, bool hexadecimal = false);
POSTMORTEM_API std::string to_json(const SocketStructs& structs);
POSTMORTEM_API std::string to_ndjson(const SocketStructs& structs);

}  // namespace postmortem
