// `net -S` as crash 9 prints it.
#include <fmt/format.h>

#include <postmortem/socket_structs.h>

#include "report/struct_view/struct_view_text.h"
#include "report/tasks/task_header_text.h"

namespace postmortem {

std::string to_text(const SocketStructs& structs, bool hexadecimal) {
    StructStyle style;
    style.hexadecimal = hexadecimal;
    std::string out;
    for (const SocketStructs::One& one : structs.tasks) {
        if (!out.empty()) out += '\n';
        out += task_header(one.task);
        if (one.sockets.empty())
            out += one.sockets_known ? "No open sockets.\n" : "Open sockets: not known.\n";
        for (const SocketStructs::Socket& socket : one.sockets) {
            out += fmt::format("FD       SOCKET             SOCK      \n{:2}  {:16x}  {:16x}\n\n",
                               socket.socket.descriptor, socket.socket.socket, socket.socket.sock);
            for (const SocketStructs::Part& part : socket.parts)
                out += instance_text(part.instance, part.type, style);
        }
    }
    return out;
}

}  // namespace postmortem
