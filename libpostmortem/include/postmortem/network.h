// The answers to `net`: network devices with their addresses, and the sockets that tasks have open.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <postmortem/api.h>
#include <postmortem/error.h>
#include <postmortem/problem.h>
#include <postmortem/process_status.h>
#include <postmortem/task_choice.h>

namespace postmortem {

class CrashDump;

struct NetDevice {
    std::uint64_t device = 0;            ///< address of its net_device
    std::string name;                    ///< untrusted text: escape before printing
    std::vector<std::string> addresses;  ///< IPv4, then IPv6
};

struct NetDeviceList {
    std::vector<NetDevice> devices;  ///< in the kernel's order
    Problems problems;
};

/// Those of a task's network namespace: a pid or the address of a task_struct; the first one where it is
/// empty.
POSTMORTEM_API Result<NetDeviceList> net_devices(const CrashDump& dump, const std::string& task = {});
/// The same of the first task of a choice; where that names none, of the task that brought the kernel down.
POSTMORTEM_API Result<NetDeviceList> net_devices_of(const CrashDump& dump, const TaskChoice& whose);
POSTMORTEM_API std::string to_text(const NetDeviceList& list);
POSTMORTEM_API std::string to_json(const NetDeviceList& list);
POSTMORTEM_API std::string to_ndjson(const NetDeviceList& list);

/// `net -N`: a word of the kernel that holds an IPv4 address ("0x100007f", or in decimal), as people write
/// it: "127.0.0.1". InvalidArgument where it is no number of 32 bits.
POSTMORTEM_API Result<std::string> ipv4_text(const CrashDump& dump, const std::string& word);

struct OpenSocket {
    std::uint64_t descriptor = 0;
    std::uint64_t socket = 0;         ///< address of its struct socket
    std::uint64_t sock = 0;           ///< address of its struct sock; 0 where it is closed
    std::string family;               ///< INET, UNIX, …, or the number
    std::string type;                 ///< STREAM, DGRAM, …, or the number
    std::string source, destination;  ///< of INET and INET6
    std::uint16_t source_port = 0, destination_port = 0;
};

struct TaskSockets {
    TaskMention task;
    std::vector<OpenSocket> sockets;
    bool sockets_known = true;  ///< false: there may be more
};

struct SocketList {
    std::vector<TaskSockets> tasks;
    Problems problems;
};

/// Without a selector: of the task that brought the kernel down. With a reference (the address of a struct
/// socket or sock, or a descriptor in decimal) those sockets alone, and the tasks that have one;
/// InvalidArgument where it is no number.
POSTMORTEM_API Result<SocketList> open_sockets(const CrashDump& dump, const TaskChoice& which = {},
                                               const std::string& reference = {});
POSTMORTEM_API std::string to_text(const SocketList& list);
POSTMORTEM_API std::string to_json(const SocketList& list);
POSTMORTEM_API std::string to_ndjson(const SocketList& list);

}  // namespace postmortem
