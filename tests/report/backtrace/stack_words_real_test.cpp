// What lies on the stacks of real dumps beside the frames: data, text, saved registers, raw words.
#include <algorithm>

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <postmortem/crash_dump.h>
#include <postmortem/render.h>
#include <postmortem/stack_checks.h>

#include "kernel/kernel.h"
#include "support/real_dumps.h"

namespace stack_words_real_test {

using namespace postmortem;
using Which = BacktraceRequest::Which;

namespace {

BacktraceRequest all_tasks(StackView view = StackView::Frames) {
    BacktraceRequest request;
    request.which = Which::All;
    request.view = view;
    return request;
}

bool holds(const std::vector<StackText>& text, const Frame& frame) {
    return std::any_of(text.begin(), text.end(),
                       [&](const StackText& word) { return word.slot == frame.slot && word.ip == frame.ip; });
}

// Sleeping on a stack, every frame of which is a return address there.
bool sleeps(const Backtrace& trace) {
    return !trace.active && trace.frames.size() > 2 &&
           std::none_of(trace.frames.begin(), trace.frames.end(), [](const Frame& frame) {
               return frame.interrupted || frame.trust == FrameTrust::Scan;
           });
}

template <class Check>
void for_each_dump(Check check) {
    for (const auto& path : test::real_dumps("vmcore")) {
        CAPTURE(path.string());
        const auto dump = CrashDump::open(path);
        REQUIRE_MESSAGE(dump, dump.error().message);
        check(*dump);
    }
}

}  // namespace

TEST_SUITE("real dumps") {
    TEST_CASE("the data of a frame of a real dump ends with the return address of the next one") {
        for_each_dump([](const CrashDump& dump) {
            BacktraceRequest request = all_tasks();
            request.frame_data = BacktraceRequest::FrameData::Words;
            const auto list = dump.backtraces(request);
            REQUIRE(list);
            std::size_t compared = 0;
            for (const Backtrace& trace : list->backtraces) {
                if (!sleeps(trace)) continue;
                for (std::size_t i = 0; i + 1 < trace.frames.size(); ++i) {
                    const Frame &frame = trace.frames[i], &next = trace.frames[i + 1];
                    if (!frame.registers.empty()) continue;
                    CAPTURE(frame.function);
                    REQUIRE(!frame.data.empty());
                    CHECK(frame.data.back().address == next.slot);
                    const std::uint64_t bytes = (frame.data.size() - 1) * trace.style.address_digits / 2;
                    CHECK(bytes == next.slot - frame.data.front().address);
                    ++compared;
                }
            }
            CHECK(compared > 100);
        });
    }

    TEST_CASE("a word of a real dump's stack has the name of the symbol that it points to") {
        for_each_dump([](const CrashDump& dump) {
            BacktraceRequest request = all_tasks();
            request.frame_data = BacktraceRequest::FrameData::Symbols;
            const auto list = dump.backtraces(request);
            REQUIRE(list);
            std::size_t compared = 0;
            for (const Backtrace& trace : list->backtraces) {
                if (!sleeps(trace)) continue;
                for (std::size_t i = 0; i + 1 < trace.frames.size(); ++i) {
                    const Frame& next = trace.frames[i + 1];
                    if (trace.frames[i].data.empty() || trace.frames[i].data.back().value != next.ip)
                        continue;
                    // A call that does not return is its function's last instruction: another one begins
                    // there.
                    const std::string& symbol = trace.frames[i].data.back().symbol;
                    if (symbol.find('+') == symbol.npos) continue;
                    CHECK(symbol == fmt::format("{}+{}", next.function, next.offset));
                    ++compared;
                }
            }
            CHECK(compared > 0);
        });
    }

    TEST_CASE("the text on a real dump's stack holds every frame, and the whole stack's holds that text") {
        for_each_dump([](const CrashDump& dump) {
            const auto text = dump.backtraces(all_tasks(StackView::Text)),
                       whole = dump.backtraces(all_tasks(StackView::WholeText));
            REQUIRE(text);
            REQUIRE(whole);
            REQUIRE(text->backtraces.size() == whole->backtraces.size());
            std::size_t frames = 0, words = 0;
            for (std::size_t i = 0; i < text->backtraces.size(); ++i) {
                const Backtrace &one = text->backtraces[i], &other = whole->backtraces[i];
                if (!sleeps(one)) continue;
                for (const Frame& frame : one.frames) {
                    if (one.style.address_digits == 16 && one.style.ip_name != "RIP") continue;  // signed
                    CAPTURE(frame.function);
                    CHECK(holds(one.text, frame));
                    ++frames;
                }
                CHECK(other.text.size() >= one.text.size());
                for (const StackText& word : one.text) {
                    const auto same = [&](const StackText& found) { return found.slot == word.slot; };
                    CHECK(std::any_of(other.text.begin(), other.text.end(), same));
                    ++words;
                }
            }
            CHECK(words >= frames);
            CHECK(words > 50);
        });
    }

    TEST_CASE("the registers of a user's program are among what is saved on its stack") {
        for_each_dump([](const CrashDump& dump) {
            const auto list = dump.backtraces(all_tasks(StackView::SavedFrames));
            REQUIRE(list);
            std::size_t users = 0;
            for (const Backtrace& trace : list->backtraces) {
                if (trace.active || trace.frames.empty() || !trace.frames.back().registers_of_user) continue;
                const auto& own = trace.frames.back().registers;
                const auto same = [&](const SavedFrame& saved) {
                    return saved.user && saved.registers.size() == own.size() &&
                           std::equal(own.begin(), own.end(), saved.registers.begin(),
                                      [](const RegisterValue& a, const RegisterValue& b) {
                                          return a.name == b.name && a.value == b.value;
                                      });
                };
                CAPTURE(trace.pid);
                CHECK(std::any_of(trace.saved.begin(), trace.saved.end(), same));
                ++users;
            }
            CHECK(users > 1);
        });
    }

    TEST_CASE("the whole stack of a task of a real dump begins with the mark of its end") {
        for_each_dump([](const CrashDump& dump) {
            BacktraceRequest request;
            request.which = Which::Selected;
            request.selectors = {"1"};
            request.view = StackView::Raw;
            const auto list = dump.backtraces(request);
            REQUIRE(list);
            REQUIRE(list->backtraces.size() == 1);
            const Backtrace& init = list->backtraces.front();
            const std::size_t bytes = init.raw.size() * init.style.address_digits / 2;
            const bool has_wide_words = init.style.address_digits == 16;
            // (twice as much in Debian's kernels of ppc64; a page of 64 KiB at least on arm64)
            const bool is_page = bytes == dump.kernel().physical().page_size();
            CHECK((bytes == (has_wide_words ? 16384 : 8192) ||
                   (has_wide_words && (bytes == 32768 || is_page))));
            CHECK(init.raw.front().address % bytes == 0);
            if (!init.raw.front().value) return;  // an extract lacks the end of a stack that nobody reached
            CHECK(init.raw.front().value == 0x57ac6e9d);
            CHECK(to_text(*list).find(fmt::format("\n{:x}:  {}57ac6e9d ", init.raw.front().address,
                                                  has_wide_words ? "00000000" : "")) != std::string::npos);
        });
    }

    TEST_CASE("a reference, a thread group, idle tasks and CPUs choose among the tasks of a real dump") {
        for_each_dump([](const CrashDump& dump) {
            const auto all = dump.backtraces(all_tasks());
            BacktraceRequest request = all_tasks();
            request.reference = "do_wait";
            const auto waiting = dump.backtraces(request);
            REQUIRE(all);
            REQUIRE(waiting);
            const auto waits = [](const Backtrace& trace) {
                return std::any_of(trace.frames.begin(), trace.frames.end(),
                                   [](const Frame& frame) { return frame.function == "do_wait"; });
            };
            CHECK(static_cast<std::size_t>(std::count_if(all->backtraces.begin(), all->backtraces.end(),
                                                         waits)) == waiting->backtraces.size());
            request.reference = "no_such_function";
            CHECK(dump.backtraces(request)->backtraces.empty());

            BacktraceRequest active;
            active.which = Which::Active;
            const auto running = dump.backtraces(active);
            active.skip_idle = true;
            const auto busy = dump.backtraces(active);
            REQUIRE(running);
            REQUIRE(busy);
            CHECK(std::none_of(busy->backtraces.begin(), busy->backtraces.end(),
                               [](const Backtrace& trace) { return trace.pid == 0; }));
            const Backtrace& last = running->backtraces.back();
            BacktraceRequest on_cpu;
            on_cpu.which = Which::OnCpus;
            on_cpu.cpus = {*last.cpu};
            const auto one = dump.backtraces(on_cpu);
            REQUIRE(one);
            REQUIRE(one->backtraces.size() == 1);
            CHECK(one->backtraces.front().task == last.task);
            on_cpu.cpus = {8000};
            CHECK(dump.backtraces(on_cpu).error().code == ErrorCode::InvalidArgument);
        });
    }

    TEST_CASE("a walk that starts where a frame lies goes on as the task's own") {
        for_each_dump([](const CrashDump& dump) {
            const auto all = dump.backtraces(all_tasks());
            REQUIRE(all);
            std::size_t compared = 0;
            for (const Backtrace& trace : all->backtraces) {
                if (!sleeps(trace) || trace.pid == 0 || ++compared > 10) continue;
                BacktraceRequest request;
                request.which = Which::Selected;
                request.selectors = {fmt::format("{:x}", trace.task)};
                request.start_sp = trace.frames[1].slot;
                if (compared % 2) request.start_ip = trace.frames[1].ip;
                const auto later = dump.backtraces(request);
                REQUIRE(later);
                CAPTURE(to_text(*later));
                REQUIRE(later->backtraces.size() == 1);
                const auto& frames = later->backtraces.front().frames;
                REQUIRE(frames.size() == trace.frames.size() - 1);
                for (std::size_t i = 0; i < frames.size(); ++i) CHECK(frames[i].ip == trace.frames[i + 1].ip);
            }
            CHECK(compared > 5);
        });
    }

    // Behind the tables of the read-only data lie strings, which have no names.
    TEST_CASE("no symbol of the kernel's read-only data is said to reach farther than the largest of them") {
        std::size_t compared = 0;
        for_each_dump([&](const CrashDump& dump) {
            const auto start = dump.kernel().symbol("__start_rodata"),
                       end = dump.kernel().symbol("__end_rodata");
            if (!start || !end) return;
            BacktraceRequest request;
            request.which = Which::Active;
            request.frame_data = BacktraceRequest::FrameData::Symbols;
            const auto list = dump.backtraces(request);
            REQUIRE(list);
            for (const Backtrace& trace : list->backtraces)
                for (const Frame& frame : trace.frames)
                    for (const StackWord& word : frame.data) {
                        if (!word.value || *word.value < *start || *word.value >= *end) continue;
                        const std::size_t plus = word.symbol.rfind('+');
                        CAPTURE(word.symbol);
                        CHECK((plus == word.symbol.npos ||
                               std::stoull(word.symbol.substr(plus + 1)) < 72 * 1024));
                        ++compared;
                    }
        });
        CHECK(compared > 0);
    }

    TEST_CASE("the data of a frame that saved registers reaches to the caller of what it interrupted") {
        std::size_t compared = 0;
        for_each_dump([&](const CrashDump& dump) {
            BacktraceRequest request;
            request.which = Which::Active;
            request.frame_data = BacktraceRequest::FrameData::Words;
            const auto list = dump.backtraces(request);
            REQUIRE(list);
            for (const Backtrace& trace : list->backtraces)
                for (std::size_t i = 0; i + 2 < trace.frames.size(); ++i) {
                    const Frame &frame = trace.frames[i], &caller = trace.frames[i + 2];
                    const bool one_stack = frame.stack == caller.stack && frame.stack == StackKind::Task;
                    if (frame.registers.empty() || frame.registers_of_user || !one_stack) continue;
                    CAPTURE(frame.function);
                    REQUIRE(!frame.data.empty());
                    CHECK(frame.data.front().address == frame.slot + trace.style.address_digits / 2);
                    CHECK(frame.data.back().address == caller.slot);
                    CHECK(trace.frames[i + 1].data.empty());
                    ++compared;
                }
        });
        CHECK(compared > 0);
    }

    // By the entry, and by __crash_kexec() once more.
    TEST_CASE("what was saved twice of a module's code that brought the kernel down is found twice") {
        std::size_t compared = 0;
        for_each_dump([&](const CrashDump& dump) {
            BacktraceRequest request;
            const auto list = dump.backtraces(request);
            request.view = StackView::SavedFrames;
            const auto saved = dump.backtraces(request);
            REQUIRE(list);
            REQUIRE(saved);
            const Backtrace& trace = list->backtraces.front();
            for (std::size_t i = 0; i + 1 < trace.frames.size(); ++i) {
                const Frame &frame = trace.frames[i], &interrupted = trace.frames[i + 1];
                if (frame.registers.empty() || interrupted.module.empty()) continue;
                if (frame.stack != StackKind::Task || trace.frames.front().function != "machine_kexec")
                    continue;
                CAPTURE(interrupted.function);
                const auto& places = saved->backtraces.front().saved;
                CHECK(std::count_if(places.begin(), places.end(), [&](const SavedFrame& place) {
                          return place.registers.front().value == interrupted.ip;
                      }) >= 2);
                ++compared;
            }
        });
        CHECK(compared > 0);
    }

    TEST_CASE("what a CPU saved on its NMI stack is found there") {
        std::size_t compared = 0;
        for_each_dump([&](const CrashDump& dump) {
            BacktraceRequest active;
            active.which = Which::Active;
            const auto running = dump.backtraces(active);
            const auto scan = scan_cpu_stacks(dump);
            REQUIRE(running);
            REQUIRE(scan);
            for (const Backtrace& trace : running->backtraces)
                for (const Frame& frame : trace.frames) {
                    if (frame.stack != StackKind::Nmi || frame.registers.empty()) continue;
                    const bool found =
                        std::any_of(scan->stacks.begin(), scan->stacks.end(), [&](const ScannedStack& stack) {
                            return stack.cpu == trace.cpu && stack.kind == StackKind::Nmi &&
                                   std::any_of(stack.saved.begin(), stack.saved.end(),
                                               [&](const SavedFrame& saved) {
                                                   return saved.registers.size() == frame.registers.size() &&
                                                          saved.registers.front().value ==
                                                              frame.registers.front().value;
                                               });
                        });
                    CAPTURE(trace.pid);
                    CHECK(found);
                    ++compared;
                }
            CHECK(scan_cpu_stacks(dump, {8000}).error().code == ErrorCode::InvalidArgument);
        });
        CHECK(compared > 0);
    }

    TEST_CASE("stacks that did not overflow are not said to have") {
        for_each_dump([](const CrashDump& dump) {
            const StackCheck check = check_stacks(dump);
            // An extract lacks the ends that nobody reached: of riscv64's all.
            const bool left_out =
                std::any_of(check.problems.begin(), check.problems.end(),
                            [](const Error& one) { return one.code == ErrorCode::PageExcluded; });
            CHECK((check.checked > 1 || left_out));
            for (const OverflownStack& stack : check.found) {
                CAPTURE(stack.pid);
                CHECK(stack.end_word.has_value());
            }
        });
    }
}

TEST_CASE("offsets, words and caches of a backtrace are printed as crash prints them") {
    Backtrace trace;
    trace.pid = 1;
    trace.task = 0xffff888c41200000;
    trace.cpu = 0;
    trace.comm = "init";
    trace.style = {"RIP", 16, 3};
    trace.end = BacktraceEnd::Kernel;
    trace.frames.resize(1);
    Frame& frame = trace.frames.front();
    frame.ip = 0xffffffff9fe1154a;
    frame.slot = 0xffffcf78c0013bf8;
    frame.function = "schedule";
    frame.offset = 90;
    frame.data = {{0xffffcf78c0013c00, 0xffffcf78c0013c50, "", ""},
                  {0xffffcf78c0013c08, 0xffff888c41200000, "", "task_struct"},
                  {0xffffcf78c0013c10, 0xffffffff9f499dc4, "do_wait+276", ""},
                  {0xffffcf78c0013c18, std::nullopt, "", ""}};
    const auto text = [&](const BacktracePrinting& how) {
        return BacktraceWriter(BacktraceWriter::Format::Text, how).add(trace);
    };
    BacktracePrinting how;
    how.offsets = true;
    CHECK(text(how) ==
          "PID: 1        TASK: ffff888c41200000  CPU: 0    COMMAND: \"init\"\n"
          " #0 [ffffcf78c0013bf8] schedule+90 at ffffffff9fe1154a\n"
          "    ffffcf78c0013c00: ffffcf78c0013c50 [task_struct]    \n"
          "    ffffcf78c0013c10: do_wait+276      ???????????????? \n");
    how.hexadecimal = how.cache_addresses = true;
    CHECK(text(how) ==
          "PID: 1        TASK: ffff888c41200000  CPU: 0    COMMAND: \"init\"\n"
          " #0 [ffffcf78c0013bf8] schedule+0x5a at ffffffff9fe1154a\n"
          "    ffffcf78c0013c00: ffffcf78c0013c50 [ffff888c41200000:task_struct] \n"
          "    ffffcf78c0013c10: do_wait+276      ???????????????? \n");
}

}  // namespace stack_words_real_test
