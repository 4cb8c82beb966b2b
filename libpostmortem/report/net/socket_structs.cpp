#include <fmt/format.h>

#include <postmortem/crash_dump.h>
#include <postmortem/socket_structs.h>

#include "base/problem_collector.h"
#include "kernel/kernel.h"

namespace postmortem {
namespace {

class SocketStructReader {
  public:
    explicit SocketStructReader(const CrashDump& dump)
        : dump_(dump), sock_type_(dump.kernel().types().find_struct("inet_sock") ? "inet_sock" : "sock") {}

    SocketStructs::Socket read(OpenSocket socket) {
        SocketStructs::Socket made{std::move(socket), {}};
        add(made, "socket", made.socket.socket);
        // As crash does, whatever the family is.
        if (made.socket.sock != 0) add(made, sock_type_, made.socket.sock);
        return made;
    }

    Problems take_problems() { return problems_.take(); }

  private:
    void add(SocketStructs::Socket& made, const std::string& type, std::uint64_t at) {
        StructRequest request;
        request.type = type;
        request.at = fmt::format("{:#x}", at);
        auto view = struct_view(dump_, request);
        if (!view) return problems_.add(type, fmt::format("at {:x}", at), view.error());
        for (const Error& problem : view->problems) problems_.add(problem);
        for (StructInstance& instance : view->instances) made.parts.push_back({type, std::move(instance)});
    }

    const CrashDump& dump_;
    std::string sock_type_;
    ProblemCollector problems_;
};

}  // namespace

Result<SocketStructs> socket_structs(const CrashDump& dump, const TaskChoice& which,
                                     const std::string& reference) {
    auto open = open_sockets(dump, which, reference);
    if (!open) return fail(std::move(open.error()));
    SocketStructs made;
    made.problems = std::move(open->problems);
    SocketStructReader reader(dump);
    for (TaskSockets& task : open->tasks) {
        SocketStructs::One one{std::move(task.task), {}, task.sockets_known};
        for (OpenSocket& socket : task.sockets) one.sockets.push_back(reader.read(std::move(socket)));
        made.tasks.push_back(std::move(one));
    }
    for (Error& problem : reader.take_problems()) made.problems.push_back(std::move(problem));
    return made;
}

}  // namespace postmortem
