#include "kernel/block/disks.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "base/problem_collector.h"
#include "kernel/cpus.h"
#include "kernel/driver_core.h"
#include "kernel/lists.h"
#include "kernel/percpu.h"
#include "kernel/xarray.h"

namespace postmortem {
namespace {

constexpr std::size_t most_disks = 1u << 16;
constexpr std::uint64_t most_contexts = 4096, most_tags = 1u << 16;
constexpr std::uint64_t in_flight_state = 1;    // enum mq_rq_state: MQ_RQ_IN_FLIGHT
constexpr std::uint64_t complete_bit = 1, started_bit = 2;  // enum rq_atomic_flags: REQ_ATOM_COMPLETE, _STARTED
constexpr std::uint64_t operation_bits = 0xff;  // REQ_OP_MASK; odd operations write (op_is_write())
constexpr std::size_t longest_disk_name = 32;   // DISK_NAME_LEN

// It has a state since 4.18; before 4.16 two bits tell it (block/blk-mq.c: blk_mq_start_request()).
Result<bool> is_in_flight(const Object& request) {
    if (request.has("state") || !request.has("atomic_flags"))
        return request["state"].u64().map([](std::uint64_t state) { return state == in_flight_state; });
    return request["atomic_flags"].u64().map(
        [](std::uint64_t flags) { return (flags & (started_bit | complete_bit)) == started_bit; });
}

class DiskReader {
  public:
    explicit DiskReader(const Kernel& kernel) : kernel_(kernel), memory_(kernel.memory()) {}

    std::vector<KnownDisk> read(Problems& problems) {
        const bool in_inodes = kernel_.types().offset_of("block_device", "bd_device").has_value();
        const auto done = in_inodes ? find_by_inodes() : find_by_class();
        if (!done) problems_.add("the disks", done.error());
        for (Error& problem : problems_.take()) problems.push_back(std::move(problem));
        return std::move(disks_);
    }

  private:
    // Since 5.11 (22ae8ce8b892) every disk has an inode of its own from the start, newest first.
    Result<void> find_by_inodes() {
        const auto super_block = kernel_.word("blockdev_superblock");
        const TypeFinder& types = kernel_.types();
        const auto inodes = types.offset_of("super_block", "s_inodes"),
                   link = types.offset_of("inode", "i_sb_list");
        const auto inode = types.offset_of("bdev_inode", "vfs_inode"),
                   device = types.offset_of("bdev_inode", "bdev");
        if (!super_block) return fail(super_block.error());
        for (const auto* offset : {&inodes, &link, &inode, &device})
            if (!*offset) return fail(offset->error());
        const auto walk = for_each_list_node(
            memory_, *super_block + *inodes,
            [&](std::uint64_t node) {
                const Object bdev = kernel_.object("block_device", node - *link - *inode + *device);
                const auto disk = bdev["bd_disk"].u64();
                if (disk && *disk != 0) add(*disk);
                if (!disk) problems_.add("a block device", disk.error());
                return disks_.size() < most_disks;
            },
            most_disks);
        std::reverse(disks_.begin(), disks_.end());
        return walk;
    }

    // Before: the devices of the class "block"; whole disks are those that are their gendisk's first part.
    Result<void> find_by_class() {
        const Object known = kernel_.variable("block_class", "class")["p"];
        // class_devices until 2.6.38
        const Object list = known[known.has("class_devices") ? "class_devices" : "klist_devices"];
        const TypeFinder& types = kernel_.types();
        const auto device = types.offset_of("hd_struct", "__dev"), part = types.offset_of("gendisk", "part0");
        for (const auto* offset : {&device, &part})
            if (!*offset) return fail(offset->error());
        return for_each_device(
            kernel_, list, DeviceKlist::Class, most_disks,
            [&](std::uint64_t address) {
                const std::uint64_t whole = address - *device;
                if (kernel_.object("hd_struct", whole)["partno"].u64_or(0) == 0) add(whole - *part);
                return true;
            },
            [&](Error error) { problems_.add("a block device", error); });
    }

    void add(std::uint64_t address) {
        if (!seen_.insert(address).second) return;
        const Object disk = kernel_.object("gendisk", address);
        const auto name = disk["disk_name"].string(longest_disk_name);
        const auto major = disk["major"].u64(), minor = disk["first_minor"].u64();
        const auto queue = disk["queue"].u64();
        if (!name || !major || !minor || !queue) {
            problems_.add("a disk", fmt::format("at {:#x}", address),
                          !name    ? name.error()
                          : !major ? major.error()
                          : !minor ? minor.error()
                                   : queue.error());
            return;
        }
        KnownDisk& known = disks_.emplace_back();
        known.address = address;
        known.name = *name;
        known.major = static_cast<std::uint32_t>(*major);
        known.first_minor = static_cast<std::uint32_t>(*minor);
        known.queue = *queue;
        known.operations = disk["fops"].u64_or(0);
        known.private_data = disk["private_data"].u64_or(0);
        known.freeze_depth = disk["queue"]["mq_freeze_depth"].u64_or(0);
        count_in_flight(disk, known);
    }

    void count_in_flight(const Object& disk, KnownDisk& known) {
        const Object queue = disk["queue"];
        std::uint64_t counts[2] = {0, 0};
        // Before 3.13 (320ae51feed5) every driver had the one queue.
        const auto driver =
            queue.has("mq_ops") || !queue.ok() ? queue["mq_ops"].u64() : Result<std::uint64_t>(0);
        const auto done = !driver        ? Result<void>(fail(driver.error()))
                          : *driver != 0 ? count_requests(queue, known, counts)
                                         : count_by_statistics(disk, counts);
        if (!done) return problems_.add("the requests in flight", "of " + known.name, done.error());
        known.reads = counts[0];
        known.writes = counts[1];
    }

    // A table of contexts since 5.18 (4e5cc99e1e48), which 7.0 or so made an array again.
    Result<void> count_requests(const Object& queue, KnownDisk& known, std::uint64_t (&counts)[2]) {
        const auto own = queue.u64();
        if (!own) return fail(own.error());
        std::vector<std::uint64_t> contexts;
        std::optional<Error> broken;
        if (queue.has("hctx_table")) {
            for_each_xarray_entry(
                queue["hctx_table"],
                [&](std::uint64_t, std::uint64_t context) {
                    contexts.push_back(context);
                    return true;
                },
                [&](Error error) { broken = std::move(error); });
        } else {
            const auto count = queue["nr_hw_queues"].u64();
            if (!count) return fail(count.error());
            for (std::uint64_t i = 0; i < std::min(*count, most_contexts); ++i) {
                const auto context = queue["queue_hw_ctx"].at(i).u64();
                if (!context) return fail(context.error());
                if (*context != 0) contexts.push_back(*context);
            }
        }
        if (broken) return fail(std::move(*broken));
        std::set<std::uint64_t> done;
        for (const std::uint64_t context : contexts) {
            const auto tags = kernel_.object("blk_mq_hw_ctx", context)["tags"].u64();
            if (!tags) return fail(tags.error());
            if (!done.insert(*tags).second) continue;
            if (auto counted = count_tags(*tags, *own, known, counts); !counted) return counted;
        }
        return {};
    }

    Result<void> count_tags(std::uint64_t tags, std::uint64_t queue, KnownDisk& known,
                            std::uint64_t (&counts)[2]) {
        const Object set = kernel_.object("blk_mq_tags", tags);
        const auto count = set["nr_tags"].u64(), requests = set["rqs"].u64();
        if (!count || !requests) return fail(!count ? count.error() : requests.error());
        for (std::uint64_t i = 0; i < std::min(*count, most_tags); ++i) {
            const auto address = memory_.word(*requests + i * memory_.word_size());
            if (!address) return fail(address.error());
            if (*address == 0) continue;
            const Object request = kernel_.object("request", *address);
            const auto owner = request["q"].u64(), flags = request["cmd_flags"].u64();
            const auto in_flight = is_in_flight(request);
            if (!owner || !in_flight || !flags)
                return fail(!owner ? owner.error() : !in_flight ? in_flight.error() : flags.error());
            if (*owner != queue || !*in_flight) continue;
            const bool writes = (*flags & operation_bits & 1) != 0;
            ++counts[writes];
            known.in_flight.push_back(
                {*address, request["start_time_ns"].u64_or(0), request["end_io_data"].u64_or(0),
                 request["bio"].u64_or(0) != 0 ? request["bio"]["bi_private"].u64_or(0) : 0, writes});
        }
        return {};
    }

    // Devices that take bios themselves count them on each CPU (5.0, e016b78201a2).
    Result<void> count_by_statistics(const Object& disk, std::uint64_t (&counts)[2]) {
        const Object part = disk["part0"];
        const Object whole = part.type().kind == TypeKind::Pointer ? part.deref() : part;
        if (whole.has("in_flight")) return take_counts(whole["in_flight"], counts);
        const auto base = whole.first_of({"bd_stats", "dkstats"}).u64();
        const auto place = kernel_.types().offset_of("disk_stats", "in_flight");
        const auto cpus = read_running_cpus(kernel_);
        if (!base) return fail(base.error());
        if (!place || !cpus) return fail(!place ? place.error() : cpus.error());
        std::int64_t sums[2] = {0, 0};
        for (const std::uint32_t cpu : *cpus) {
            for (std::uint64_t i = 0; i < 2; ++i) {
                const auto own = per_cpu_address(kernel_, *base, cpu);
                const auto value =
                    own ? memory_.word(*own + *place + i * memory_.word_size()) : fail(own.error());
                if (!value) return fail(value.error());
                sums[i] = static_cast<std::int64_t>(static_cast<std::uint64_t>(sums[i]) + *value);
            }
        }
        for (std::size_t i = 0; i < 2; ++i)
            counts[i] = static_cast<std::uint64_t>(std::max<std::int64_t>(sums[i], 0));
        return {};
    }

    // Two int or atomic_t, of reads and of writes: until 5.0.
    Result<void> take_counts(const Object& both, std::uint64_t (&counts)[2]) {
        const auto place = both.checked_address();
        if (!place) return fail(place.error());
        for (std::size_t i = 0; i < 2; ++i) {
            const auto count = memory_.get<std::int32_t>(*place + i * sizeof(std::int32_t));
            if (!count) return fail(count.error());
            counts[i] = static_cast<std::uint64_t>(std::max(*count, 0));
        }
        return {};
    }

    const Kernel& kernel_;
    const AddressSpace& memory_;
    std::set<std::uint64_t> seen_;
    std::vector<KnownDisk> disks_;
    ProblemCollector problems_;
};

}  // namespace

std::vector<KnownDisk> read_disks(const Kernel& kernel, Problems& problems) {
    return DiskReader(kernel).read(problems);
}

}  // namespace postmortem
