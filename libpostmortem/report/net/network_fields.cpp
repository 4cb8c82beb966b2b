#include <postmortem/network.h>

#include "output/json.h"
#include "output/shared_fields.h"

namespace postmortem {

void describe(Describer<NetDevice>& device) {
    device.is("network device", "A network interface");
    device.add("device", &NetDevice::device, "its net_device").address();
    device.add("name", &NetDevice::name, "eth0, lo, …");
    device.add("addresses", &NetDevice::addresses, "IPv4, then IPv6");
}

void describe(Describer<NetDeviceList>& list) {
    list.is_document();
    list.add("devices", &NetDeviceList::devices, "in the kernel's order").answer();
    add_problems(list);
}

void describe(Describer<OpenSocket>& socket) {
    socket.is("open socket", "A socket of a task");
    socket.add("descriptor", &OpenSocket::descriptor, "its number");
    socket.add("socket", &OpenSocket::socket, "its struct socket").address();
    socket.add("sock", &OpenSocket::sock, "its struct sock; null where it is closed").address().or_null();
    socket.add("family", &OpenSocket::family, "INET, UNIX, …");
    socket.add("type", &OpenSocket::type, "STREAM, DGRAM, …");
    socket.add("source", &OpenSocket::source, "its own address").or_left_out();
    socket.add("source_port", &OpenSocket::source_port, "its own port").or_left_out();
    socket.add("destination", &OpenSocket::destination, "whom it is connected to").or_left_out();
    socket.add("destination_port", &OpenSocket::destination_port, "to which port").or_left_out();
}

void describe(Describer<TaskSockets>& task) {
    task.is("task sockets", "The sockets of a task");
    task.add("task", &TaskSockets::task, "whose");
    task.add("sockets", &TaskSockets::sockets, "by descriptor");
    task.add("sockets_known", &TaskSockets::sockets_known, "false where some could not be read");
}

void describe(Describer<SocketList>& list) {
    list.is_document();
    list.add("tasks", &SocketList::tasks, "in the order in which crash prints them").answer();
    add_problems(list);
}

std::string to_json(const NetDeviceList& list) {
    return json_document(list);
}

std::string to_ndjson(const NetDeviceList& list) {
    return ndjson_lines(list);
}

std::string to_json(const SocketList& list) {
    return json_document(list);
}

std::string to_ndjson(const SocketList& list) {
    return ndjson_lines(list);
}

}  // namespace postmortem
