#include <fmt/format.h>

#include <postmortem/crash_dump.h>
#include <postmortem/devices.h>

#include "base/problem_collector.h"
#include "kernel/block/disks.h"
#include "kernel/symbol_finder.h"

namespace postmortem {
namespace {

// Both tables of majors have as many chains (CHRDEV_MAJOR_HASH_SIZE, BLKDEV_MAJOR_HASH_SIZE), and so has
// struct kobj_map.
constexpr std::uint64_t chains = 255;
constexpr std::size_t most_in_chain = 4096, longest_device_name = 64;
constexpr std::uint32_t minor_bits = 20;

class DeviceReader {
  public:
    explicit DeviceReader(const Kernel& kernel) : kernel_(kernel), symbols_(kernel) {}

    DeviceTable read() {
        DeviceTable table;
        table.address_digits = static_cast<std::uint8_t>(kernel_.arch().word_size * 2);
        Problems of_disks;
        const std::vector<KnownDisk> disks = read_disks(kernel_, of_disks);
        problems_.add_all(of_disks);
        for (const KnownDisk& disk : disks)
            table.disks.push_back(
                {disk.major, disk.first_minor, disk.name, disk.address, disk.queue, disk.reads, disk.writes});
        for_each_range("chrdevs", "char_device_struct", [&](const Object& range, DeviceRange& device) {
            describe_character(range, device);
            table.characters.push_back(device);
        });
        for_each_range("major_names", "blk_major_name", [&](const Object&, DeviceRange& device) {
            device.object = 0;
            for (const KnownDisk& disk : disks)
                if (disk.major == device.major) {
                    device.object = disk.address;
                    name_operations(disk.operations, device);
                }
            table.blocks.push_back(device);
        });
        symbols_.tell(problems_);
        table.problems = problems_.take();
        return table;
    }

  private:
    template <class Visit>
    void for_each_range(const char* variable, const char* type, Visit visit) {
        const auto heads = kernel_.symbol(variable);
        if (!heads) return problems_.add("the device numbers", heads.error());
        const std::uint64_t word = kernel_.arch().word_size;
        for (std::uint64_t chain = 0; chain < chains; ++chain) {
            auto next = kernel_.memory().word(*heads + chain * word);
            for (std::size_t i = 0; next && *next != 0 && i < most_in_chain; ++i) {
                const Object range = kernel_.object(type, *next);
                const auto major = range["major"].u64();
                const auto name = range["name"].string(longest_device_name);
                DeviceRange device;
                if (major && name) {
                    device.major = static_cast<std::uint32_t>(*major);
                    device.name = *name;
                    visit(range, device);
                } else {
                    problems_.add("a range of device numbers", !major ? major.error() : name.error());
                }
                next = range["next"].u64();
            }
            if (!next) problems_.add("the device numbers", next.error());
        }
    }

    void describe_character(const Object& range, DeviceRange& device) {
        const auto cdev = cdev_of(range, device.major);
        if (!cdev) return problems_.add("the cdev of a range of device numbers", cdev.error());
        device.object = *cdev;
        if (*cdev == 0) return;
        const auto operations = kernel_.object("cdev", *cdev)["ops"].u64();
        if (operations)
            name_operations(*operations, device);
        else
            problems_.add("the operations of a device", operations.error());
    }

    // The range names its cdev where it was registered as a whole; else the map from numbers to cdevs does.
    Result<std::uint64_t> cdev_of(const Object& range, std::uint32_t major) const {
        const auto own = range["cdev"].u64(), minor = range["baseminor"].u64();
        if (!own || !minor) return fail(!own ? own.error() : minor.error());
        return *own != 0 ? *own : mapped_cdev(major, *minor);
    }

    // As kobj_lookup() in drivers/base/map.c: the chain is sorted by range, the narrowest first. 0: nobody's.
    Result<std::uint64_t> mapped_cdev(std::uint32_t major, std::uint64_t minor) const {
        const auto map = kernel_.word("cdev_map");
        if (!map || *map == 0) return map;
        const std::uint64_t number = (std::uint64_t{major} << minor_bits) | minor;
        Object probe = kernel_.object("kobj_map", *map)["probes"].at(major % chains);
        for (std::size_t i = 0; i < most_in_chain; ++i) {
            const auto place = probe.u64();
            if (!place || *place == 0) return place;
            const auto first = probe["dev"].u64(), count = probe["range"].u64();
            if (!first || !count) return fail(!first ? first.error() : count.error());
            if (number >= *first && number - *first < *count) return probe["data"].u64();
            probe = probe["next"];
        }
        return 0;
    }

    void name_operations(std::uint64_t operations, DeviceRange& device) {
        if (operations == 0) return;
        device.operations = operations;
        const auto hit = symbols_.at(operations);
        if (hit && hit->symbol.address == operations) device.operations_name = hit->symbol.name;
    }

    const Kernel& kernel_;
    SymbolFinder symbols_;
    ProblemCollector problems_;
};

}  // namespace

DeviceTable devices(const CrashDump& dump) {
    return DeviceReader(dump.kernel()).read();
}

}  // namespace postmortem
