// Sockets that tasks have open (include/net/sock.h, inet_sock.h), and network devices with their addresses
// (include/linux/netdevice.h, inetdevice.h, net/if_inet6.h).
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <postmortem/problem.h>

#include "kernel/kernel.h"

namespace postmortem {

struct SocketState {
    std::uint64_t socket = 0;  ///< struct socket
    std::uint64_t sock = 0;    ///< struct sock; 0 where it is closed
    std::uint64_t family = 0;  ///< AF_*
    std::uint64_t type = 0;    ///< SOCK_*
    /// Of AF_INET and AF_INET6, as the network has them: IPv4 fills the first four bytes.
    std::array<std::byte, 16> source{}, destination{};
    std::uint16_t source_port = 0, destination_port = 0;
};

/// The socket behind an inode of sockfs.
Result<SocketState> read_socket(const Kernel& kernel, std::uint64_t inode);

struct NetworkDevice {
    std::uint64_t address = 0;  ///< struct net_device
    std::string name;
    std::vector<std::array<std::byte, 4>> ipv4;
    std::vector<std::array<std::byte, 16>> ipv6;
};

struct NetworkDevices {
    std::vector<NetworkDevice> devices;  ///< in the kernel's order
    Problems problems;
};

/// The network namespace of a task: task->nsproxy->net_ns. NotFound for a task that has given it up.
Result<std::uint64_t> net_namespace_of(const Kernel& kernel, std::uint64_t task);

NetworkDevices read_network_devices(const Kernel& kernel, std::uint64_t net_namespace);

}  // namespace postmortem
