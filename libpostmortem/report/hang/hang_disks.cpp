#include "report/hang/hang_disks.h"

#include <algorithm>
#include <memory>

#include <fmt/format.h>

#include "kernel/module/module_types.h"
#include "kernel/sched/clock.h"
#include "report/hang/hang_limits.h"

namespace postmortem {
namespace {

// drivers/md/dm-core.h
constexpr std::uint64_t dmf_block_io_for_suspend = 1u << 0, dmf_suspended = 1u << 1;

}  // namespace

HangDisks::HangDisks(const Kernel& kernel, ProblemCollector& problems)
    : kernel_(kernel), queue_size_(kernel.types().size_of("request_queue").value_or(0)) {
    Problems missing;
    // The machine that crashed has not been suspended: both clocks are the same, but for that.
    const auto clock = read_clock(kernel);
    for (KnownDisk& disk : read_disks(kernel, missing)) {
        Facts facts{std::move(disk), false, std::nullopt};
        facts.suspended = is_suspended(facts.disk);
        for (const RequestInFlight& request : facts.disk.in_flight) {
            if (!clock || request.started == 0 || request.started > clock->boottime_ns) continue;
            const double age = static_cast<double>(clock->boottime_ns - request.started) * 1e-9;
            facts.oldest = std::max(facts.oldest.value_or(0), age);
        }
        disks_.push_back(std::move(facts));
    }
    problems.add_all(missing);
}

bool HangDisks::is_suspended(const KnownDisk& disk) const {
    const auto hit = kernel_.symbol_at(disk.operations);
    if (!hit || (hit->symbol.name != "dm_blk_dops" && hit->symbol.name != "dm_rq_blk_dops")) return false;
    const auto types = read_module_types(kernel_, "dm_mod");
    const TypeFinder& known = types ? **types : kernel_.types();
    const auto type = known.find_struct("mapped_device");
    if (!type || disk.private_data == 0) return false;
    const Object device(kernel_.memory(), known, *type, disk.private_data);
    return (device["flags"].u64_or(0) & (dmf_block_io_for_suspend | dmf_suspended)) != 0;
}

const HangDisks::Facts* HangDisks::named(std::string_view name) const {
    const auto found =
        std::find_if(disks_.begin(), disks_.end(), [&](const Facts& one) { return one.disk.name == name; });
    return found == disks_.end() ? nullptr : &*found;
}

DiskState HangDisks::state_of(std::string_view name) const {
    const Facts* facts = named(name);
    if (!facts) return {"has to read or write it"};
    if (facts->suspended) return {"is suspended (device mapper)"};
    if (facts->disk.freeze_depth != 0)
        return {fmt::format("is frozen (mq_freeze_depth {})", facts->disk.freeze_depth)};
    if (facts->disk.in_flight.empty()) return {"has to read or write it, and has no request in flight"};
    return {fmt::format("has {} requests in flight{}", facts->disk.in_flight.size(),
                        facts->oldest ? fmt::format(", the oldest for {:.1f} s", *facts->oldest) : ""),
            facts->oldest.value_or(0) < long_seconds};
}

const KnownDisk* HangDisks::waited_for_by(std::uint64_t completion) const {
    if (completion == 0) return nullptr;
    for (const Facts& facts : disks_)
        for (const RequestInFlight& request : facts.disk.in_flight)
            if (request.end_data == completion || request.bio_private == completion) return &facts.disk;
    return nullptr;
}

const KnownDisk* HangDisks::of_queue(std::uint64_t address) const {
    for (const Facts& facts : disks_)
        if (address >= facts.disk.queue && address - facts.disk.queue < queue_size_) return &facts.disk;
    return nullptr;
}

std::vector<HangDisk> HangDisks::remarkable() const {
    std::vector<HangDisk> shown;
    for (const Facts& facts : disks_) {
        const bool old = facts.oldest.value_or(0) >= long_seconds;
        if (!old && !facts.suspended && facts.disk.freeze_depth == 0) continue;
        shown.push_back({facts.disk.name, facts.disk.in_flight.size(), facts.oldest,
                         facts.suspended                ? "suspended"
                         : facts.disk.freeze_depth != 0 ? "frozen"
                                                        : ""});
    }
    return shown;
}

}  // namespace postmortem
