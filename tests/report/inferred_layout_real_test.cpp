// With nothing but the dump itself the answers are those that the kernel's own types give, wherever there are
// any: the samples of all kernels, whole and then damaged.
#include <algorithm>
#include <map>
#include <random>
#include <set>
#include <string>

#include <doctest/doctest.h>

#include "arch/registry.h"
#include "base/text.h"
#include "dump/kdump/kdump_writer.h"
#include "kernel/layout/infer_layout.h"
#include "kernel/module/modules.h"
#include "object/field.h"
#include "report/backtrace/backtrace.h"
#include "report/tasks/task_list.h"
#include "support/real_dumps.h"
#include "support/temp_dir.h"

namespace inferred_layout_real_test {

using namespace postmortem;
using postmortem::test::real_dumps;
using postmortem::test::TempDir;

namespace {

std::unique_ptr<Kernel> open(const std::filesystem::path& path, bool with_types) {
    KernelOptions options;
    options.search_vmlinux = false;
    options.types.btf = options.types.files = with_types;
    auto kernel = Kernel::open(path, options);
    return kernel ? std::move(*kernel) : nullptr;
}

// Those of machines whose kernels are known well enough.
std::vector<std::filesystem::path> dumps_to_infer() {
    std::vector<std::filesystem::path> dumps = real_dumps("vmcore");
    std::erase_if(dumps, [](const auto& path) {
        const auto bare = open(path, false);
        return bare && layout_clues(bare->arch()).current_task.empty();
    });
    return dumps;
}

bool told(const Problems& problems, std::string_view words) {
    return std::any_of(problems.begin(), problems.end(),
                       [&](const Error& problem) { return contains(problem.message, words); });
}

void check_same(const TaskInfo& bare, const TaskInfo& known) {
    CHECK(bare.task == known.task);
    CHECK(bare.pid == known.pid);
    CHECK(bare.tgid == known.tgid);
    CHECK(bare.ppid == known.ppid);
    CHECK(bare.cpu == known.cpu);
    CHECK(bare.state == known.state);
    CHECK(bare.state_bits == known.state_bits);
    CHECK(bare.comm == known.comm);
    CHECK(bare.kernel_thread == known.kernel_thread);
    CHECK(bare.active == known.active);
    CHECK_FALSE(bare.mem_percent.has_value());
    if (bare.vsz_kib) CHECK(bare.vsz_kib == known.vsz_kib);
    if (bare.rss_kib) CHECK(bare.rss_kib == known.rss_kib);
}

void check_same(const Backtrace& bare, const Backtrace& known) {
    CHECK(bare.task == known.task);
    CHECK(bare.end == known.end);
    CHECK(bare.registers.size() == known.registers.size());
    REQUIRE(bare.frames.size() == known.frames.size());
    for (std::size_t i = 0; i < bare.frames.size(); ++i) {
        CHECK(bare.frames[i].ip == known.frames[i].ip);
        CHECK(bare.frames[i].slot == known.frames[i].slot);
        CHECK(bare.frames[i].function == known.frames[i].function);
        CHECK(bare.frames[i].module == known.frames[i].module);
        CHECK(bare.frames[i].stack == known.frames[i].stack);
        // Samples lack the unwind tables of most modules: without them a step is the same, and called a
        // guess.
        const bool guessed = bare.frames[i].trust == FrameTrust::Scan ||
                             bare.frames[i].trust == FrameTrust::CallSite ||
                             bare.frames[i].trust == FrameTrust::FramePointer;
        CHECK((bare.frames[i].trust == known.frames[i].trust || guessed));
        CHECK(bare.frames[i].registers.size() == known.frames[i].registers.size());
    }
}

/// Where the kernel's own types say that a member lies; nothing where they call it otherwise.
std::optional<std::uint64_t> true_offset(const TypeFinder& types, const Finding& finding) {
    const std::string type(finding.type), member(finding.member);
    const auto at = [&](std::initializer_list<std::string_view> paths) -> std::optional<std::uint64_t> {
        const auto field = Field::find(types, type, paths);
        return field ? std::optional(field->offset()) : std::nullopt;
    };
    if (type == "module_memory") return std::nullopt;
    if (member == "state") return at({"__state", "state"});
    if (type == "task_struct" && member == "cpu") return at({"cpu", "thread_info.cpu"});
    if (type == "module" && member == "mem") return at({"mem", "core_layout.base"});
    return at({member});
}

void check_offsets(const InferredLayout& layout, const TypeFinder& truth) {
    for (const Finding& finding : layout.findings.found()) {
        const auto known = true_offset(truth, finding);
        CAPTURE(finding.type);
        CAPTURE(finding.member);
        // What is laid beside it, and holds the same wherever the task's CPU is certain.
        const bool repeats = finding.member == "cpu" &&
                             finding.offset == true_offset(truth, {"task_struct", "wake_cpu", 0, {}, 0, 0});
        if (known && !repeats) CHECK(finding.offset == *known);
    }
    for (const SizeFinding& size : layout.findings.sizes()) {
        CAPTURE(size.type);
        if (const auto known = truth.size_of(size.type)) CHECK(size.bytes == *known);
    }
}

// Of every piece of their memory, those too that few of them have.
void check_same_modules(const ModuleList& bare, const ModuleList& known) {
    REQUIRE(bare.all().size() == known.all().size());
    for (std::size_t i = 0; i < known.all().size(); ++i) {
        const Module &one = bare.all()[i], &other = known.all()[i];
        CAPTURE(other.name);
        CHECK(one.name == other.name);
        REQUIRE(one.ranges.size() == other.ranges.size());
        for (std::size_t piece = 0; piece < one.ranges.size(); ++piece) {
            CHECK(one.ranges[piece].base == other.ranges[piece].base);
            CHECK(one.ranges[piece].size == other.ranges[piece].size);
        }
    }
}

/// Page frames that a dump holds.
std::vector<std::uint64_t> frames_of(const DumpFile& dump) {
    std::vector<std::uint64_t> frames;
    std::vector<std::byte> scratch(dump.page_size());
    for (std::uint64_t frame = 0; frame < dump.info().max_pfn; ++frame)
        if (dump.page(frame * dump.page_size(), scratch)) frames.push_back(frame);
    return frames;
}

/// Frames in which task_structs lie, which is where damage can mislead.
std::vector<std::uint64_t> task_frames(const Kernel& kernel, const TaskList& list) {
    std::set<std::uint64_t> frames;
    for (const TaskInfo& task : list.tasks)
        for (const std::uint64_t part : {0ull, 4096ull})
            if (const auto place = kernel.memory().translate(task.task + part)) frames.insert(*place / 4096);
    return {frames.begin(), frames.end()};
}

/// What happened to pages of task_structs.
struct Damage {
    std::set<std::uint64_t> lost;  ///< frames
    std::map<std::uint64_t, std::pair<std::size_t, std::uint64_t>>
        lies;  ///< frame: a word of it, and its value
};

Damage make_damage(const std::vector<std::uint64_t>& tasks, std::mt19937_64& random, bool loses,
                   unsigned every) {
    Damage damage;
    for (const std::uint64_t frame : tasks) {
        if (random() % every != 0) continue;
        if (loses) {
            damage.lost.insert(frame);
        } else {
            damage.lies[frame] = {random() % 512 * 8, random()};
        }
    }
    return damage;
}

bool write_damaged(const std::filesystem::path& target, const DumpFile& dump,
                   const std::vector<std::uint64_t>& frames, const Damage& damage) {
    KdumpContent content{dump, frames};
    content.page = [&](std::uint64_t frame, MutableBytes scratch) -> Result<Bytes> {
        if (damage.lost.contains(frame)) return fail(ErrorCode::PageMissing, "lost");
        const auto page = dump.page(frame * dump.page_size(), scratch);
        if (!page) return fail(page.error());
        if (page->bytes.data() != scratch.data())
            std::copy(page->bytes.begin(), page->bytes.end(), scratch.begin());
        if (const auto lie = damage.lies.find(frame); lie != damage.lies.end())
            store(scratch.data() + lie->second.first, lie->second.second, dump.endian());
        return scratch;
    };
    return write_kdump(target, content, {Codec::Raw, 0}).has_value();
}

}  // namespace

TEST_CASE("every inferred offset is the one that BTF gives") {
    const auto dumps = dumps_to_infer();
    REQUIRE_FALSE(dumps.empty());
    for (const auto& path : dumps) {
        CAPTURE(path.string());
        const auto truth = open(path, true), bare = open(path, false);
        REQUIRE(bare);
        const auto layout = infer_layout(*bare);
        REQUIRE(layout);
        check_offsets(*layout, truth->types());
        check_same_modules(bare->modules(), truth->modules());
        for (const std::string_view member :
             {"tasks", "comm", "pid", "tgid", "group_leader", "signal", "real_parent", "parent", "children",
              "sibling", "stack", "thread.sp", "mm", "flags", "state", "cpu"})
            CHECK_MESSAGE(layout->findings.has("task_struct", member), member);
        for (const Finding& finding : layout->findings.found()) {
            CHECK(finding.agree > 0);
            CHECK(finding.agree <= finding.of);
        }
    }
}

TEST_CASE("ps without types prints what it prints with them") {
    for (const auto& path : dumps_to_infer()) {
        CAPTURE(path.string());
        const auto truth = open(path, true), bare = open(path, false);
        const auto known = make_task_list(*truth, {}), inferred = make_task_list(*bare, {});
        REQUIRE(inferred);
        REQUIRE(inferred->tasks.size() == known->tasks.size());
        for (std::size_t i = 0; i < known->tasks.size(); ++i) check_same(inferred->tasks[i], known->tasks[i]);
        const std::string count = std::to_string(known->tasks.size());
        CHECK(told(inferred->problems, "layout inferred (" + count + " of " + count + " tasks agree)"));
        CHECK(told(inferred->problems, "VSZ"));
    }
}

TEST_CASE("the backtrace of every task is the same without types") {
    BacktraceRequest request;
    request.which = BacktraceRequest::Which::All;
    for (const auto& path : dumps_to_infer()) {
        CAPTURE(path.string());
        const auto truth = open(path, true), bare = open(path, false);
        const auto known = make_backtraces(*truth, request), inferred = make_backtraces(*bare, request);
        REQUIRE(inferred);
        REQUIRE(inferred->backtraces.size() == known->backtraces.size());
        for (std::size_t i = 0; i < known->backtraces.size(); ++i)
            check_same(inferred->backtraces[i], known->backtraces[i]);
        CHECK(told(inferred->problems, "layout inferred"));
    }
}

TEST_CASE("the layout of a machine of which too little is known is refused by name") {
    for (const auto& path : real_dumps("vmcore")) {
        const auto bare = open(path, false);
        REQUIRE(bare);
        if (!layout_clues(bare->arch()).current_task.empty()) continue;
        const auto layout = infer_layout(*bare);
        REQUIRE_FALSE(layout);
        CHECK(layout.error().code == ErrorCode::Unsupported);
        CHECK(contains(layout.error().message, bare->arch().name));
    }
}

TEST_CASE("damage costs what was inferred, and never makes it false") {
    const TempDir folder;
    const auto dumps = dumps_to_infer();
    REQUIRE_FALSE(dumps.empty());
    const auto truth = open(dumps.front(), true);
    const auto tasks = task_frames(*truth, *make_task_list(*truth, {}));
    const auto frames = frames_of(truth->dump());
    std::mt19937_64 random(7);
    int inferred = 0, refused = 0;
    for (int round = 0; round < 24; ++round) {
        CAPTURE(round);
        const Damage damage = make_damage(tasks, random, round % 2 == 0, 1u << (round / 4));
        const auto path = folder.path() / std::to_string(round);
        REQUIRE(write_damaged(path, truth->dump(), frames, damage));
        const auto damaged = open(path, false);
        REQUIRE(damaged);
        if (const auto layout = infer_layout(*damaged)) {
            ++inferred;
            check_offsets(*layout, truth->types());
        } else {
            ++refused;
            CHECK_FALSE(layout.error().message.empty());
        }
    }
    CHECK(refused > 0);
    CHECK(inferred > 0);
}

}  // namespace inferred_layout_real_test
