#include <postmortem/socket_structs.h>

#include "output/json.h"
#include "output/shared_fields.h"

namespace postmortem {

void describe(Describer<OpenSocket>& socket);
void describe(Describer<StructInstance>& instance);

void describe(Describer<SocketStructs::Part>& part) {
    part.add("type", &SocketStructs::Part::type, "`socket`, `inet_sock`");
    part.add("instance", &SocketStructs::Part::instance, "what it held");
}

void describe(Describer<SocketStructs::Socket>& socket) {
    socket.add("socket", &SocketStructs::Socket::socket, "which one");
    socket.add("parts", &SocketStructs::Socket::parts, "its structs");
}

void describe(Describer<SocketStructs::One>& one) {
    one.add("task", &SocketStructs::One::task, "whose they are");
    one.add("sockets", &SocketStructs::One::sockets, "by descriptor");
    one.add("sockets_known", &SocketStructs::One::sockets_known, "false: there may be more");
}

void describe(Describer<SocketStructs>& structs) {
    structs.is_document();
    structs.add("tasks", &SocketStructs::tasks, "one for each task").answer();
    add_problems(structs);
}

std::string to_json(const SocketStructs& structs) {
    return json_document(structs);
}

std::string to_ndjson(const SocketStructs& structs) {
    return ndjson_lines(structs);
}

}  // namespace postmortem
