// Waits for pages, bits and wait queues: a disk, a file system, a server.
#include <fmt/format.h>

#include "kernel/fs/fuse_daemons.h"
#include "kernel/fs/journal_waits.h"
#include "kernel/net/rpc_task.h"
#include "report/hang/wait_finder.h"
#include "report/hang/wait_words.h"

namespace postmortem {
namespace {

constexpr std::int64_t buffer_lock_bit = 2;  // BH_Lock (include/linux/buffer_head.h)
constexpr std::int64_t page_locked_bit = 0,
                       page_writeback_bit = 1;  // PG_writeback is 1 since 6.7 (2a9127fcf229 and after)
constexpr std::size_t longest_disk = 32;

}  // namespace

HangBlocker WaitFinder::disk_blocker(const std::string& disk, std::string thing, std::string proof) const {
    const DiskState state = disks_.state_of(disk);
    return {std::nullopt, std::move(thing), state.words, std::move(proof), !state.moves};
}

HangWait WaitFinder::page(const StackWaiter& waiter) const {
    HangWait wait;
    wait.kind = "page";
    wait.address = waiter.key;
    wait.proof = "the waiter on its stack names the page";
    wait.detail = waiter.bit == page_locked_bit ? "until it is unlocked" : "until it is written back";
    if (waiter.bit != page_locked_bit && waiter.bit != page_writeback_bit)
        wait.detail = fmt::format("until its flag {} is clear", waiter.bit);
    const auto block = super_block_of_page(kernel_, waiter.key);
    if (!block) {
        wait.unknown = fmt::format("not known, because {}", block.error().message);
        return wait;
    }
    if (block->type == "fuse" || block->type == "fuseblk")
        add_fuse_daemons(wait, *block);
    else if (!block->disk.empty())
        wait.blockers.push_back(disk_blocker(block->disk, name_in_words(*block), "the page's `mapping`"));
    else
        wait.blockers.push_back(
            {std::nullopt, name_in_words(*block), "has to read or write it", "the page's `mapping`", true});
    return wait;
}

void WaitFinder::add_fuse_daemons(HangWait& wait, const SuperBlock& block) const {
    wait.detail += " by " + name_in_words(block);
    const auto daemons = find_fuse_daemons(kernel_, table_, block.address);
    if (!daemons) {
        wait.unknown = fmt::format("not known, because {}", daemons.error().message);
        return;
    }
    for (const std::uint64_t daemon : *daemons)
        if (auto who = blocker(daemon, "serves it", "it has the file system's connection open as /dev/fuse"))
            wait.blockers.push_back(std::move(*who));
    if (daemons->empty()) wait.unknown = "not known, because no process has its connection open";
}

HangWait WaitFinder::bit(const StackWaiter& waiter, const std::vector<std::string>& functions) const {
    if (innermost_starts_with(functions, {"rpc_wait_bit_killable"})) return rpc(waiter);
    const bool is_bit = waiter.kind == WaiterKind::Bit;
    HangWait wait = named(is_bit ? "bit" : "variable", waiter.key, "the waiter on its stack names it");
    if (is_bit) wait.detail = fmt::format("until bit {} is clear", waiter.bit);
    if (is_bit && waiter.bit == buffer_lock_bit &&
        innermost_starts_with(functions, {"__wait_on_buffer", "__lock_buffer"})) {
        const auto disk =
            kernel_.object("buffer_head", waiter.key)["b_bdev"]["bd_disk"]["disk_name"].string(longest_disk);
        if (disk) {
            wait.kind = "buffer";
            wait.blockers.push_back(
                disk_blocker(*disk, fmt::format("disk {}", *disk), "the buffer's `b_bdev`"));
            return wait;
        }
    }
    wait.unknown = "not known, because neither a bit nor a variable names who will change it";
    return wait;
}

// rpc_wait_for_completion_task() waits for RPC_TASK_ACTIVE in tk_runstate.
HangWait WaitFinder::rpc(const StackWaiter& waiter) const {
    HangWait wait = named("RPC task", waiter.key, "the waiter on its stack names the task's `tk_runstate`");
    const auto facts = read_rpc_task(kernel_, waiter.key);
    if (!facts) {
        wait.unknown = fmt::format("not known, because {}", facts.error().message);
        return wait;
    }
    wait.address = facts->task;
    wait.detail = facts->program + (facts->procedure.empty() ? "" : " " + facts->procedure);
    std::string thing = fmt::format("server {}", facts->server);
    if (!facts->address.empty())
        thing += fmt::format(" ({}, port {})", facts->address, facts->port.empty() ? "?" : facts->port);
    wait.blockers.push_back(
        {std::nullopt, std::move(thing), "has to answer", "the rpc_task's client and transport", true});
    return wait;
}

bool WaitFinder::add_journal(HangWait& wait) const {
    const auto journal = find_journal_wait(kernel_, table_, wait.address);
    if (!journal) return false;
    wait.kind = "journal";
    wait.detail = journal->member;
    if (journal->thread != 0)
        if (auto who = blocker(journal->thread, "has to commit", "the journal's `j_task`"))
            wait.blockers.push_back(std::move(*who));
    for (const std::uint64_t user : journal->users)
        if (auto who = blocker(user, "holds a handle", "its `journal_info`"))
            wait.blockers.push_back(std::move(*who));
    if (wait.blockers.empty()) wait.unknown = "not known, because no task holds a handle";
    return true;
}

// Until 4.4 (8129ed296418) who may not write to a frozen file system waits on a queue of its super block.
bool WaitFinder::add_frozen(HangWait& wait) const {
    for (const SuperBlock& block : super_blocks_) {
        if (block.queue != wait.address || !block.frozen) continue;
        wait.detail = fmt::format("of those who would write to {}", name_in_words(block));
        wait.blockers.push_back(frozen_blocker(block));
        return true;
    }
    return false;
}

HangWait WaitFinder::queue(const StackWaiter& waiter) const {
    const bool simple = waiter.kind == WaiterKind::Simple;
    auto head = Field::find(kernel_.types(), simple ? "swait_queue_head" : "wait_queue_head",
                            {simple ? "task_list" : "head"});
    // As its entries, it has had another name until 4.13.
    if (!head && !simple) head = Field::find(kernel_.types(), "__wait_queue_head", {"task_list"});
    HangWait wait = named("wait queue", waiter.head - (head ? head->offset() : 0),
                          "the waiter on its stack hangs in the queue's list");
    if (const KnownDisk* disk = disks_.of_queue(wait.address)) {
        wait.detail = fmt::format("of the requests to {}", disk->name);
        wait.blockers.push_back(disk_blocker(disk->name, fmt::format("disk {}", disk->name),
                                             "the queue lies in the disk's request_queue"));
        return wait;
    }
    if (add_journal(wait) || add_frozen(wait)) return wait;
    wait.unknown = "not known, because a wait queue does not name who will wake it up";
    return wait;
}

}  // namespace postmortem
