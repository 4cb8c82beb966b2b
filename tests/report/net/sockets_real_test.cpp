// The sockets of processes against the guest's own /proc/PID/fd and /proc/net: families, types, addresses,
// ports.
#include <map>
#include <sstream>

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <postmortem/crash_dump.h>
#include <postmortem/network.h>
#include <postmortem/process_status.h>

#include "kernel/kernel.h"
#include "report/net/socket_names.h"
#include "support/proc_truth.h"
#include "support/real_dumps.h"

namespace sockets_real_test {

using namespace postmortem;
using test::ProcTruth;

TEST_CASE("families have the numbers of include/linux/socket.h") {
    const std::pair<std::uint64_t, const char*> names[] = {
        {1, "UNIX"},    {2, "INET"}, {10, "INET6"}, {15, "KEY"},   {16, "NETLINK/ROUTE"},
        {17, "PACKET"}, {18, "ASH"}, {21, "RDS"},   {24, "PPPOX"}, {40, "40"}};
    for (const auto& [number, name] : names) CHECK(socket_family_name(number) == name);
}

TEST_CASE("sockets of IPv6 are printed in crash's columns") {
    OpenSocket listens;
    listens.descriptor = 4;
    listens.socket = 0xffff888004444340;
    listens.sock = 0xffff88803f4adc40;
    listens.family = "INET6";
    listens.type = "STREAM";
    listens.source = listens.destination = "0:0:0:0:0:0:0:0";
    listens.source_port = 7002;
    OpenSocket connected = listens;
    connected.descriptor = 10;
    connected.source = connected.destination = "0:0:0:0:0:0:0:1";
    connected.destination_port = 39012;
    SocketList list;
    list.tasks.push_back({{}, {listens, connected}});
    const std::string text = to_text(list);
    CHECK(
        text.find(
            " 4 ffff888004444340 ffff88803f4adc40 INET6:STREAM 0:0:0:0:0:0:0:0-7002  0:0:0:0:0:0:0:0-0\n") !=
        text.npos);
    CHECK(text.find("10 ffff888004444340 ffff88803f4adc40 INET6:STREAM 0:0:0:0:0:0:0:1-7002 "
                    "0:0:0:0:0:0:0:1-39012\n") != text.npos);
}

namespace {

// "INET:STREAM 127.0.0.1-7001 0.0.0.0-0", by inode
using KnownSockets = std::map<std::string, std::string>;

// Addresses are printed as words of the machine.
std::uint32_t word_of(const std::string& hex, bool big_endian) {
    const auto word = static_cast<std::uint32_t>(std::stoul(hex, nullptr, 16));
    return big_endian ? __builtin_bswap32(word) : word;
}

std::string ipv4_words(const std::string& hex, bool big_endian) {
    const std::uint32_t word = word_of(hex, big_endian);
    return fmt::format("{}.{}.{}.{}", word & 0xff, word >> 8 & 0xff, word >> 16 & 0xff, word >> 24);
}

std::string ipv6_words(const std::string& hex, bool big_endian) {
    std::string text;
    for (std::size_t i = 0; i < 32; i += 8) {
        const std::uint32_t word = word_of(hex.substr(i, 8), big_endian);
        text += fmt::format("{}{:x}:{:x}", i ? ":" : "", (word & 0xff) << 8 | (word >> 8 & 0xff),
                            (word >> 16 & 0xff) << 8 | word >> 24);
    }
    return text;
}

std::string end_words(const std::string& end, bool big_endian) {
    const std::size_t colon = end.find(':');
    const std::string address = end.substr(0, colon);
    return fmt::format(
        "{}-{}", address.size() == 8 ? ipv4_words(address, big_endian) : ipv6_words(address, big_endian),
        std::stoul(end.substr(colon + 1), nullptr, 16));
}

template <class Visit>
void for_each_row(const ProcTruth& truth, const std::string& file, Visit visit) {
    std::istringstream lines{std::string(truth.file(file).value_or(""))};
    std::string line;
    std::getline(lines, line);  // the heading
    while (std::getline(lines, line)) {
        std::istringstream words(line);
        std::vector<std::string> row;
        for (std::string word; words >> word;) row.push_back(word);
        if (row.size() >= 7) visit(row);
    }
}

KnownSockets known_sockets(const ProcTruth& truth, bool big_endian) {
    KnownSockets known;
    const std::pair<const char*, const char*> internet[] = {{"tcp", "INET:STREAM"},
                                                            {"udp", "INET:DGRAM"},
                                                            {"raw", "INET:RAW"},
                                                            {"tcp6", "INET6:STREAM"},
                                                            {"udp6", "INET6:DGRAM"}};
    for (const auto& [file, kind] : internet)
        for_each_row(truth, fmt::format("/proc/net/{}", file),
                     [&, kind = kind](const std::vector<std::string>& row) {
                         if (row.size() > 9)
                             known[row[9]] = fmt::format("{} {} {}", kind, end_words(row[1], big_endian),
                                                         end_words(row[2], big_endian));
                     });
    const std::map<std::string, std::string> types = {
        {"0001", "STREAM"}, {"0002", "DGRAM"}, {"0005", "SEQPACKET"}};
    for_each_row(truth, "/proc/net/unix", [&](const std::vector<std::string>& row) {
        if (types.contains(row[4])) known[row[6]] = "UNIX:" + types.at(row[4]);
    });
    for_each_row(truth, "/proc/net/netlink",
                 [&](const std::vector<std::string>& row) { known[row.back()] = "NETLINK/ROUTE:RAW"; });
    for_each_row(truth, "/proc/net/packet",
                 [&](const std::vector<std::string>& row) { known[row.back()] = "PACKET:RAW"; });
    return known;
}

std::string words_of(const OpenSocket& socket) {
    const std::string kind = socket.family + ":" + socket.type;
    if (!socket.family.starts_with("INET")) return kind;
    return fmt::format("{} {}-{} {}-{}", kind, socket.source, socket.source_port, socket.destination,
                       socket.destination_port);
}

}  // namespace

TEST_SUITE("real dumps") {
    TEST_CASE("each socket of a real dump is what /proc/net says of its inode") {
        for (const auto& path : test::real_dumps("vmcore")) {
            const auto truth = ProcTruth::beside(path);
            if (!truth || !truth->file("/proc/net/netlink")) continue;
            CAPTURE(path.string());
            const auto dump = CrashDump::open(path);
            REQUIRE_MESSAGE(dump, dump.error().message);
            const KnownSockets known = known_sockets(*truth, dump->kernel().memory().endian() == Endian::Big);
            TaskChoice users;
            users.kind = TaskChoice::Kind::User;
            const auto chosen = chosen_tasks(*dump, users);
            REQUIRE(chosen);
            TaskChoice which;
            for (const TaskMention& task : chosen->tasks)
                which.selectors.push_back(fmt::format("{:#x}", task.task));
            const auto list = open_sockets(*dump, which);
            REQUIRE(list);
            std::size_t compared = 0;
            for (const TaskSockets& task : list->tasks)
                for (const OpenSocket& socket : task.sockets) {
                    const auto link =
                        truth->file(fmt::format("/proc/{}/fd/{}", task.task.pid, socket.descriptor));
                    if (!link) continue;  // a thread's
                    const std::string text(*link);
                    const std::size_t from = text.find("socket:[");
                    REQUIRE(from != std::string::npos);
                    const auto found = known.find(text.substr(from + 8, text.find(']') - from - 8));
                    if (found == known.end()) continue;  // of another network namespace
                    CAPTURE(task.task.pid);
                    CAPTURE(socket.descriptor);
                    CHECK(words_of(socket) == found->second);
                    ++compared;
                }
            CHECK(compared > 0);
        }
    }
}

}  // namespace sockets_real_test
