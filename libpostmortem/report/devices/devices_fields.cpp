#include <postmortem/devices.h>

#include "output/json.h"
#include "output/shared_fields.h"

namespace postmortem {

void describe(Describer<DeviceRange>& device) {
    device.add("major", &DeviceRange::major, "its major number");
    device.add("name", &DeviceRange::name, "as /proc/devices has it");
    device
        .add(
            "object", [](const DeviceRange& range) { return range.object.value_or(0); },
            "its struct cdev, or one of its gendisks")
        .address()
        .or_null();
    device.add("operations", &DeviceRange::operations, "the driver's functions").address();
    device.add("operations_name", &DeviceRange::operations_name, "their symbol").or_null();
}

void describe(Describer<Disk>& disk) {
    disk.add("major", &Disk::major, "its major number");
    disk.add("first_minor", &Disk::first_minor, "its first minor number");
    disk.add("name", &Disk::name, "as in /dev");
    disk.add("gendisk", &Disk::gendisk, "its gendisk").address();
    disk.add("queue", &Disk::queue, "its request_queue").address();
    disk.add("reads", &Disk::reads, "requests in flight that read");
    disk.add("writes", &Disk::writes, "requests in flight that write, discard or flush");
}

void describe(Describer<DeviceTable>& table) {
    table.is_document();
    table.add("characters", &DeviceTable::characters,
              "character devices, in the order of the kernel's table");
    table.add("blocks", &DeviceTable::blocks, "block devices");
    table.add("disks", &DeviceTable::disks, "the oldest first");
    add_problems(table);
}

std::string to_json(const DeviceTable& table) {
    return json_document(table);
}

}  // namespace postmortem
