#include "kernel/net/sockets.h"

#include <algorithm>

#include "base/bytes.h"
#include "base/problem_collector.h"
#include "kernel/lists.h"

namespace postmortem {
namespace {

constexpr std::uint64_t inet = 2, inet6 = 10;
constexpr std::size_t most_addresses = 4096;
constexpr std::size_t most_devices = 1u << 20;

template <std::size_t N>
Result<std::array<std::byte, N>> bytes_at(const Kernel& kernel, const Object& object) {
    std::array<std::byte, N> bytes{};
    const auto at = object.checked_address();
    if (!at) return fail(at.error());
    if (auto done = kernel.memory().read(*at, bytes); !done) return fail(std::move(done.error()));
    return bytes;
}

// sock_common has the addresses since 2.6.33 (c720c7e8383a moved the rest of inet_sock's names).
Result<void> add_addresses(const Kernel& kernel, const Object& sock, SocketState& state) {
    const Object common = sock["__sk_common"];
    // As on the wire, whatever the machine's own order of bytes is.
    const auto destination = bytes_at<2>(kernel, common["skc_dport"]),
               source = bytes_at<2>(kernel, sock.as_struct("inet_sock")["inet_sport"]);
    if (!destination || !source) return fail(!destination ? destination.error() : source.error());
    state.destination_port = load<std::uint16_t>(destination->data(), Endian::Big);
    state.source_port = load<std::uint16_t>(source->data(), Endian::Big);
    if (state.family == inet6) {
        const auto from = bytes_at<16>(kernel, common["skc_v6_rcv_saddr"]),
                   to = bytes_at<16>(kernel, common["skc_v6_daddr"]);
        if (!from || !to) return fail(!from ? from.error() : to.error());
        state.source = *from;
        state.destination = *to;
        return {};
    }
    const auto from = bytes_at<4>(kernel, common["skc_rcv_saddr"]),
               to = bytes_at<4>(kernel, common["skc_daddr"]);
    if (!from || !to) return fail(!from ? from.error() : to.error());
    std::copy(from->begin(), from->end(), state.source.begin());
    std::copy(to->begin(), to->end(), state.destination.begin());
    return {};
}

class DeviceReader {
  public:
    explicit DeviceReader(const Kernel& kernel) : kernel_(kernel) {}

    NetworkDevices read(std::uint64_t space) {
        const auto head = kernel_.object("net", space)["dev_base_head"].checked_address();
        const auto link = kernel_.types().offset_of("net_device", "dev_list");
        if (!head || !link) {
            problems_.add("the network devices", !head ? head.error() : link.error());
        } else {
            const auto walked = for_each_list_node(
                kernel_.memory(), *head,
                [&](std::uint64_t node) {
                    add(node - *link);
                    return true;
                },
                most_devices);
            if (!walked) problems_.add("the network devices", walked.error());
        }
        found_.problems = problems_.take();
        return std::move(found_);
    }

  private:
    void add(std::uint64_t address) {
        const Object device = kernel_.object("net_device", address);
        NetworkDevice made;
        made.address = address;
        if (auto name = device["name"].string())
            made.name = std::move(*name);
        else
            problems_.add("the name of a network device", name.error());
        add_ipv4(made, device["ip_ptr"]);
        add_ipv6(made, device["ip6_ptr"]);
        found_.devices.push_back(std::move(made));
    }

    void add_ipv4(NetworkDevice& made, const Object& pointer) {
        const auto there = pointer.u64();
        if (!there || *there == 0) return note(there);
        Object entry = pointer.deref().as_struct("in_device")["ifa_list"];
        for (auto next = entry.u64(); next && *next != 0 && made.ipv4.size() < most_addresses;
             next = entry.u64()) {
            const auto address = bytes_at<4>(kernel_, entry["ifa_address"]);
            if (!address) return problems_.add("an address of a network device", address.error());
            made.ipv4.push_back(*address);
            entry = entry["ifa_next"];
        }
        note(entry.u64());
    }

    // A list since 2.6.35 (502a2ffd7376).
    void add_ipv6(NetworkDevice& made, const Object& pointer) {
        const auto there = pointer.u64();
        if (!there || *there == 0) return note(there);
        const Object list = pointer.deref().as_struct("inet6_dev")["addr_list"];
        if (list.ok() && list.type().kind == TypeKind::Pointer) return add_chained_ipv6(made, list);
        const auto head = list.checked_address();
        const auto link = kernel_.types().offset_of("inet6_ifaddr", "if_list");
        if (!head || !link)
            return problems_.add("the addresses of a network device", !head ? head.error() : link.error());
        const auto walked = for_each_list_node(
            kernel_.memory(), *head,
            [&](std::uint64_t node) {
                add_ipv6_address(made, kernel_.object("inet6_ifaddr", node - *link));
                return true;
            },
            most_addresses);
        if (!walked) problems_.add("the addresses of a network device", walked.error());
    }

    void add_chained_ipv6(NetworkDevice& made, const Object& first) {
        auto next = first.u64();
        while (next && *next != 0 && made.ipv6.size() < most_addresses) {
            const Object entry = kernel_.object("inet6_ifaddr", *next);
            add_ipv6_address(made, entry);
            next = entry["if_next"].u64();
        }
        if (!next) problems_.add("the addresses of a network device", next.error());
    }

    void add_ipv6_address(NetworkDevice& made, const Object& entry) {
        const auto address = bytes_at<16>(kernel_, entry["addr"]);
        if (address)
            made.ipv6.push_back(*address);
        else
            problems_.add("an address of a network device", address.error());
    }

    void note(const Result<std::uint64_t>& read) {
        // A kernel without IPv6 has no such member.
        if (!read && read.error().code != ErrorCode::NotFound)
            problems_.add("the addresses of a network device", read.error());
    }

    const Kernel& kernel_;
    NetworkDevices found_;
    ProblemCollector problems_;
};

}  // namespace

Result<SocketState> read_socket(const Kernel& kernel, std::uint64_t inode) {
    // struct socket_alloc is a socket and its inode.
    const Object socket = kernel.object("inode", inode).container("socket_alloc", "vfs_inode")["socket"];
    const auto address = socket.checked_address();
    const auto sock = socket["sk"].u64();
    if (!address || !sock) return fail(!address ? address.error() : sock.error());
    SocketState state;
    state.socket = *address;
    state.sock = *sock;
    if (*sock == 0) return state;
    const Object inner = socket["sk"].deref();
    const auto family = inner["__sk_common"]["skc_family"].u64(), type = inner["sk_type"].u64();
    if (!family || !type) return fail(!family ? family.error() : type.error());
    state.family = *family;
    state.type = *type;
    if (state.family != inet && state.family != inet6) return state;
    if (auto added = add_addresses(kernel, inner, state); !added) return fail(std::move(added.error()));
    return state;
}

Result<std::uint64_t> net_namespace_of(const Kernel& kernel, std::uint64_t task) {
    const Object proxy = kernel.object("task_struct", task)["nsproxy"];
    const auto address = proxy.u64();
    if (!address) return fail(address.error());
    if (*address == 0) return fail(ErrorCode::NotFound, "the task has given up its namespaces");
    return proxy["net_ns"].u64();
}

NetworkDevices read_network_devices(const Kernel& kernel, std::uint64_t net_namespace) {
    return DeviceReader(kernel).read(net_namespace);
}

}  // namespace postmortem
