// `net -S` on real dumps: the sockets of `net -s`, each with its structs.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <postmortem/crash_dump.h>
#include <postmortem/socket_structs.h>

#include "base/text.h"
#include "support/real_dumps.h"

namespace socket_structs_real_test {

using namespace postmortem;

namespace {

void check_references(const CrashDump& dump, const TaskChoice& which, const OpenSocket& wanted) {
    for (const std::string& reference : {fmt::format("{:x}", wanted.socket), fmt::format("{:#x}", wanted.sock),
                                         fmt::format("{}", wanted.descriptor)}) {
        CAPTURE(reference);
        const auto found = open_sockets(dump, which, reference);
        REQUIRE(found);
        REQUIRE(found->tasks.size() == 1);
        REQUIRE(found->tasks[0].sockets.size() == 1);
        CHECK(found->tasks[0].sockets[0].socket == wanted.socket);
    }
    const auto none = open_sockets(dump, which, "ffff888000000001");
    REQUIRE(none);
    CHECK(none->tasks.empty());
    const auto wrong = open_sockets(dump, which, "socket");
    REQUIRE_FALSE(wrong);
    CHECK(wrong.error().code == ErrorCode::InvalidArgument);
}

}  // namespace

TEST_CASE("an IPv4 address in a word is read as the machine holds it") {
    for (const auto& path : test::real_dumps("vmcore")) {
        const auto dump = CrashDump::open(path);
        REQUIRE(dump);
        CHECK(ipv4_text(*dump, "0x100007f") == std::string("127.0.0.1"));
        CHECK(ipv4_text(*dump, "0100007f") == std::string("127.0.0.1"));
        CHECK(ipv4_text(*dump, "16777343") == std::string("127.0.0.1"));
        CHECK(ipv4_text(*dump, "1041236234") == std::string("10.1.16.62"));
        for (const char* wrong : {"zz", "", "ffffffffff", "4294967296", "127.0.0.1"})
            CHECK_FALSE(ipv4_text(*dump, wrong));
        break;
    }
}

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
            if (!listed->tasks.empty() && !listed->tasks[0].sockets.empty())
                check_references(*dump, files, listed->tasks[0].sockets.back());
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
