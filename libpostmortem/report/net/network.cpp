#include <array>
#include <limits>

#include <arpa/inet.h>
#include <fmt/format.h>

#include <postmortem/crash_dump.h>
#include <postmortem/network.h>

#include "base/text.h"
#include "kernel/fs/open_files.h"
#include "kernel/net/sockets.h"
#include "report/net/socket_names.h"
#include "report/tasks/context_tasks.h"
#include "report/tasks/task_mention.h"

namespace postmortem {
namespace {

constexpr std::uint64_t ipv4_family = 2, ipv6_family = 10;

// AF_* and SOCK_* (include/linux/socket.h, net.h), in crash's words.
constexpr std::string_view family_names[] = {
    "UNSPEC", "UNIX",   "INET",   "AX25",   "IPX",     "APPLETALK", "NETROM", "BRIDGE",        "ATMPVC",
    "X25",    "INET6",  "ROSE",   "DECnet", "NETBEUI", "SECURITY",  "KEY",    "NETLINK/ROUTE", "PACKET",
    "ASH",    "ECONET", "ATMSVC", "RDS",    "SNA",     "IRDA",      "PPPOX"};
constexpr std::string_view socket_types[] = {"", "STREAM", "DGRAM", "RAW", "RDM",   "SEQPACKET",
                                             "", "",       "",      "",    "PACKET"};

template <std::size_t N>
std::string name_or_number(const std::string_view (&names)[N], std::uint64_t number) {
    return number < N && !names[number].empty() ? std::string(names[number]) : fmt::format("{}", number);
}

}  // namespace

std::string socket_family_name(std::uint64_t family) {
    return name_or_number(family_names, family);
}

namespace {

std::string address_text(int family, const void* bytes) {
    std::array<char, INET6_ADDRSTRLEN> text{};
    return ::inet_ntop(family, bytes, text.data(), text.size()) ? text.data() : "";
}

// crash writes out all eight words.
std::string long_address(const std::array<std::byte, 16>& bytes) {
    std::string text;
    for (std::size_t i = 0; i < bytes.size(); i += 2)
        text +=
            fmt::format("{}{:x}", i ? ":" : "",
                        std::to_integer<unsigned>(bytes[i]) << 8 | std::to_integer<unsigned>(bytes[i + 1]));
    return text;
}

OpenSocket told(const SocketState& state, std::uint64_t descriptor) {
    OpenSocket socket;
    socket.descriptor = descriptor;
    socket.socket = state.socket;
    socket.sock = state.sock;
    socket.family = socket_family_name(state.family);
    socket.type = name_or_number(socket_types, state.type);
    socket.source_port = state.source_port;
    socket.destination_port = state.destination_port;
    if (state.family == ipv4_family) {
        socket.source = address_text(AF_INET, state.source.data());
        socket.destination = address_text(AF_INET, state.destination.data());
    } else if (state.family == ipv6_family) {
        socket.source = long_address(state.source);
        socket.destination = long_address(state.destination);
    }
    return socket;
}

// An address in hexadecimal, a descriptor in decimal: one word may be either.
struct SocketReference {
    std::optional<std::uint64_t> address, descriptor;

    bool means(const OpenSocket& socket) const {
        return descriptor == socket.descriptor ||
               (address && *address != 0 && (address == socket.socket || address == socket.sock));
    }
};

Result<void> keep_referenced(SocketList& list, const std::string& reference) {
    const SocketReference wanted{parse_u64(reference, 16), parse_u64(reference, 10)};
    if (!wanted.address)
        return fail(ErrorCode::InvalidArgument,
                    fmt::format("'{}' is neither the address of a socket nor a descriptor", reference));
    for (TaskSockets& task : list.tasks)
        std::erase_if(task.sockets, [&](const OpenSocket& socket) { return !wanted.means(socket); });
    std::erase_if(list.tasks, [](const TaskSockets& task) { return task.sockets.empty(); });
    return {};
}

}  // namespace

Result<std::string> ipv4_text(const CrashDump& dump, const std::string& word) {
    const bool hexadecimal = word.find_first_of("abcdefABCDEFxX") != npos;
    const auto number = parse_u64(word, hexadecimal ? 16 : 10);
    if (!number || *number > std::numeric_limits<std::uint32_t>::max())
        return fail(ErrorCode::InvalidArgument, fmt::format("'{}' is no number of 32 bits", word));
    // It lies in memory as on the wire, first byte first.
    std::array<std::uint8_t, 4> bytes{};
    const bool big_endian = dump.kernel().memory().endian() == Endian::Big;
    for (std::size_t i = 0; i < bytes.size(); ++i)
        bytes[big_endian ? bytes.size() - 1 - i : i] = static_cast<std::uint8_t>(*number >> (8 * i));
    return address_text(AF_INET, bytes.data());
}

static Result<NetDeviceList> devices_seen_by(const Kernel& kernel, const Task& task) {
    const auto space = net_namespace_of(kernel, task.address);
    if (!space) return fail(space.error());
    NetworkDevices found = read_network_devices(kernel, *space);
    NetDeviceList list{{}, std::move(found.problems)};
    for (NetworkDevice& device : found.devices) {
        NetDevice& made = list.devices.emplace_back();
        made.device = device.address;
        made.name = std::move(device.name);
        for (const auto& address : device.ipv4)
            made.addresses.push_back(address_text(AF_INET, address.data()));
        for (const auto& address : device.ipv6)
            made.addresses.push_back(address_text(AF_INET6, address.data()));
    }
    return list;
}

Result<NetDeviceList> net_devices(const CrashDump& dump, const std::string& selector) {
    const TaskTable table = read_tasks(dump.kernel());
    const auto tasks = select_tasks(table, {selector.empty() ? "0" : selector});
    if (!tasks) return fail(tasks.error());
    return devices_seen_by(dump.kernel(), *tasks->front());
}

Result<NetDeviceList> net_devices_of(const CrashDump& dump, const TaskChoice& whose) {
    const TaskTable table = read_tasks(dump.kernel());
    const auto chosen = context_tasks(dump.kernel(), table, whose);
    if (!chosen) return fail(chosen.error());
    if (chosen->tasks.empty())
        return fail(chosen->problems.empty() ? Error(ErrorCode::NotFound, "no such task")
                                             : chosen->problems.front());
    return devices_seen_by(dump.kernel(), *chosen->tasks.front());
}

Result<SocketList> open_sockets(const CrashDump& dump, const TaskChoice& which,
                                const std::string& reference) {
    const Kernel& kernel = dump.kernel();
    const TaskTable table = read_tasks(kernel);
    auto chosen = context_tasks(kernel, table, which);
    if (!chosen) return fail(std::move(chosen.error()));
    SocketList list;
    list.problems = table.problems;
    for (Error& problem : chosen->problems) list.problems.push_back(std::move(problem));
    for (const Task* task : chosen->tasks) {
        TaskSockets made{mention(*task), {}};
        FilesOfTask files = read_open_files(kernel, *task);
        made.sockets_known = files.files_known;
        for (Error& problem : files.problems) list.problems.push_back(std::move(problem));
        for (const FileOfTask& file : files.files) {
            if (!file.inode || file.inode->type() != "SOCK") continue;
            const auto state = read_socket(kernel, file.inode->address);
            if (state)
                made.sockets.push_back(told(*state, file.descriptor));
            else
                list.problems.push_back(state.error());
        }
        list.tasks.push_back(std::move(made));
    }
    if (!reference.empty())
        if (auto kept = keep_referenced(list, reference); !kept) return fail(std::move(kept.error()));
    return list;
}

}  // namespace postmortem
