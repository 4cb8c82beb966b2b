// `net` and `net -s` as crash 9 prints them (net.c: show_net_devices_v3(), dump_sockets_workhorse()).
#include <fmt/format.h>

#include <postmortem/network.h>

#include "base/text.h"
#include "report/tasks/task_header_text.h"

namespace postmortem {
namespace {

std::string socket_text(const OpenSocket& socket) {
    // DGRAM is as wide as STREAM in crash.
    std::string text = fmt::format("{}:{} ", socket.family, socket.type == "DGRAM" ? "DGRAM " : socket.type);
    if (socket.family == "INET")
        text += fmt::format(" {}-{} {}-{}", socket.source, socket.source_port, socket.destination,
                            socket.destination_port);
    else if (socket.family == "INET6")
        // Behind the address that stands for all crash leaves one blank more.
        text += fmt::format("{}-{}{} {}-{}", socket.source, socket.source_port,
                            socket.source == "0:0:0:0:0:0:0:0" ? " " : "", socket.destination,
                            socket.destination_port);
    return text;
}

}  // namespace

std::string to_text(const NetDeviceList& list) {
    const bool narrow = !list.devices.empty() && list.devices.front().device >> 32 == 0;
    const std::size_t width = narrow ? 10 : 16;
    std::string text = fmt::format("{}  NAME       IP ADDRESS(ES)\n", centered("NET_DEVICE", width));
    for (const NetDevice& device : list.devices) {
        text += fmt::format("{}  {:<10} ", centered(fmt::format("{:x}", device.device), width, true),
                            escaped(device.name));
        for (std::size_t i = 0; i < device.addresses.size(); ++i)
            text += (i ? ", " : "") + device.addresses[i];
        text += "\n";
    }
    return text;
}

std::string to_text(const SocketList& list) {
    std::string text;
    for (const TaskSockets& task : list.tasks) {
        if (!text.empty()) text += "\n";
        text += task_header(task.task);
        if (task.sockets.empty())
            text += task.sockets_known ? "No open sockets.\n" : "Open sockets: not known.\n";
        else
            text += "FD      SOCKET            SOCK       FAMILY:TYPE SOURCE-PORT DESTINATION-PORT\n";
        for (const OpenSocket& socket : task.sockets)
            text += fmt::format("{:>2} {:>16x} {:>16x} {}\n", socket.descriptor, socket.socket, socket.sock,
                                socket_text(socket));
    }
    return text;
}

}  // namespace postmortem
