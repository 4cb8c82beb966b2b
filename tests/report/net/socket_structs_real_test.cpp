// `net -S` on real dumps: the sockets of `net -s`, each with its structs.
#include <doctest/doctest.h>

#include <postmortem/crash_dump.h>
#include <postmortem/socket_structs.h>

#include "base/text.h"
#include "support/real_dumps.h"

namespace socket_structs_real_test {

using namespace postmortem;

TEST_SUITE("real dumps") {
    TEST_CASE("the structs of sockets are those of the sockets that are listed") {
        for (const auto& path : test::real_dumps("vmcore")) {
            CAPTURE(path.string());
            const auto dump = CrashDump::open(path);
            REQUIRE_MESSAGE(dump, dump.error().message);
            TaskChoice files;
            files.selectors = {"files"};  // the guests' task with sockets of all kinds
            const auto listed = open_sockets(*dump, files);
            const auto structs = socket_structs(*dump, files);
            REQUIRE(listed.has_value() == structs.has_value());
            if (!listed) continue;
            REQUIRE(structs->tasks.size() == listed->tasks.size());
            for (std::size_t i = 0; i < listed->tasks.size(); ++i) {
                REQUIRE(structs->tasks[i].sockets.size() == listed->tasks[i].sockets.size());
                for (std::size_t k = 0; k < listed->tasks[i].sockets.size(); ++k) {
                    const SocketStructs::Socket& one = structs->tasks[i].sockets[k];
                    CHECK(one.socket.socket == listed->tasks[i].sockets[k].socket);
                    if (!one.parts.empty() && structs->problems.empty())
                        CHECK(one.parts.front().instance.address == one.socket.socket);
                }
            }
        }
    }
}

}  // namespace socket_structs_real_test
