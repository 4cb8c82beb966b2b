// Limits, command lines, address spaces, files, signals and mounts of real dumps, against what /proc said in
// the guest. A dump that was filtered lacks much of it: what is missing must be told.
#include <algorithm>
#include <map>
#include <set>
#include <sstream>

#include <doctest/doctest.h>

#include <postmortem/address_spaces.h>
#include <postmortem/crash_dump.h>
#include <postmortem/mount_list.h>
#include <postmortem/open_files.h>
#include <postmortem/process_status.h>
#include <postmortem/swap_list.h>
#include <postmortem/task_signals.h>

#include "kernel/kernel.h"
#include "support/proc_truth.h"
#include "support/real_dumps.h"

namespace task_details_real_test {

using namespace postmortem;
using postmortem::test::ProcTruth;

namespace {

struct Case {
    std::string path;
    ProcTruth truth;
    CrashDump dump;
};

template <class Check>
void each_dump(Check check) {
    for (const auto& path : test::real_dumps("vmcore")) {
        auto truth = ProcTruth::beside(path);
        if (!truth) continue;
        CAPTURE(path.string());
        auto dump = CrashDump::open(path);
        REQUIRE_MESSAGE(dump, dump.error().message);
        const Case one{path.string(), std::move(*truth), std::move(*dump)};
        check(one);
    }
}

// Sleeping processes of the guest: what they were they still are.
std::vector<int> processes(const ProcTruth& truth) {
    std::set<int> pids;
    for (const auto& thread : truth.threads()) {
        const auto state = ProcTruth::field(*truth.file(thread.folder + "/status"), "State");
        if (thread.tid == thread.tgid && state && state->find_first_of("SDITt") == 0)
            pids.insert(thread.tgid);
    }
    return {pids.begin(), pids.end()};
}

std::string folder(int pid) {
    return "/proc/" + std::to_string(pid);
}

TaskChoice only(int pid) {
    TaskChoice choice;
    choice.selectors = {std::to_string(pid)};
    return choice;
}

std::string limit_text(const std::optional<std::uint64_t>& value) {
    return value ? std::to_string(*value) : "unlimited";
}

std::vector<std::string> lines_of(std::string_view text) {
    std::vector<std::string> lines;
    std::istringstream stream{std::string(text)};
    for (std::string line; std::getline(stream, line);) lines.push_back(line);
    return lines;
}

}  // namespace

TEST_SUITE("real dumps") {
    TEST_CASE("limits are those of /proc/PID/limits") {
        each_dump([](const Case& one) {
            for (const int pid : processes(one.truth)) {
                const auto text = one.truth.file(folder(pid) + "/limits");
                const auto found = process_status(one.dump, {only(pid), ProcessRequest::Part::Limits, false});
                if (!text || !found || found->tasks.empty()) continue;
                const auto& limits = found->tasks.front().limits;
                if (limits.empty()) {  // of a filtered dump
                    CHECK_FALSE(found->problems.empty());
                    continue;
                }
                CAPTURE(pid);
                const auto lines = lines_of(*text);
                REQUIRE(limits.size() + 1 == lines.size());
                for (std::size_t i = 0; i < limits.size(); ++i) {
                    std::istringstream words(lines[i + 1].substr(26));
                    std::string soft, hard;
                    words >> soft >> hard;
                    CHECK(limit_text(limits[i].current) == soft);
                    CHECK(limit_text(limits[i].maximum) == hard);
                }
            }
        });
    }

    TEST_CASE("command lines are those of /proc/PID/cmdline, or it is told why there is none") {
        each_dump([](const Case& one) {
            for (const int pid : processes(one.truth)) {
                const auto text = one.truth.file(folder(pid) + "/cmdline");
                const auto found =
                    process_status(one.dump, {only(pid), ProcessRequest::Part::Strings, false});
                if (!text || !found || found->tasks.empty()) continue;
                const ProcessDetails& task = found->tasks.front();
                if (!task.has_user_memory) continue;
                CAPTURE(pid);
                if (!task.arguments) {
                    CHECK_FALSE(found->problems.empty());
                    continue;
                }
                std::string line;  // proc.txt has blanks in the place of NULs
                for (const std::string& word : task.arguments->strings) line += word + " ";
                std::string said(*text);
                while (!said.empty() && said.back() == '\n') said.pop_back();
                CHECK(line == said);
            }
        });
    }

    TEST_CASE("address spaces are those of /proc/PID/maps") {
        each_dump([](const Case& one) {
            for (const int pid : processes(one.truth)) {
                const auto text = one.truth.file(folder(pid) + "/maps");
                const auto found = address_spaces(one.dump, {only(pid), false, {}, {}});
                if (!text || !found || found->tasks.empty() || !found->problems.empty()) continue;
                CAPTURE(pid);
                std::vector<std::string> ours;
                for (const UserArea& area : found->tasks.front().areas) {
                    char line[64];
                    std::snprintf(line, sizeof line, "%08llx-%08llx %c%c%c%c",
                                  static_cast<unsigned long long>(area.start),
                                  static_cast<unsigned long long>(area.end), area.flags & 1 ? 'r' : '-',
                                  area.flags & 2 ? 'w' : '-', area.flags & 4 ? 'x' : '-',
                                  area.flags & 8 ? 's' : 'p');
                    ours.emplace_back(line);
                }
                std::vector<std::string> said;
                for (const std::string& line : lines_of(*text))
                    if (line.find("[vsyscall]") == line.npos)
                        said.push_back(line.substr(0, line.find(' ') + 5));
                CHECK(ours == said);
            }
        });
    }

    TEST_CASE("a process has as many pages in swap as /proc/PID/status says, each in a place of its own") {
        each_dump([](const Case& one) {
            for (const int pid : processes(one.truth)) {
                const auto status = one.truth.file(folder(pid) + "/task/" + std::to_string(pid) + "/status");
                const auto said = status ? ProcTruth::field(*status, "VmSwap") : std::nullopt;
                const auto kib = said ? std::stoull(*said) : 0;
                if (kib == 0) continue;
                CAPTURE(pid);
                const auto found = address_spaces(one.dump, {only(pid), true, {}, {}});
                if (!found || found->tasks.empty() || !found->problems.empty()) continue;
                std::uint64_t pages = 0;
                std::set<std::pair<std::string, std::uint64_t>> places;
                for (const UserArea& area : found->tasks.front().areas)
                    for (const UserPage& page : area.pages)
                        if (!page.swap_file.empty()) ++pages, places.emplace(page.swap_file, page.swap_page);
                CHECK(places.size() == pages);
                // (Where memory ran out afterwards, more was swapped out.)
                if (one.path.find("oom") == std::string::npos)
                    CHECK(pages * one.dump.kernel().physical().page_size() / 1024 == kib);
            }
        });
    }

    TEST_CASE("open files are those of /proc/PID/fd") {
        each_dump([](const Case& one) {
            for (const int pid : processes(one.truth)) {
                const auto found = open_files(one.dump, {only(pid), {}});
                if (!found || found->tasks.empty() || !found->problems.empty()) continue;
                CAPTURE(pid);
                for (const OpenFile& file : found->tasks.front().files) {
                    const auto link = one.truth.file(folder(pid) + "/fd/" + std::to_string(file.descriptor));
                    if (!link || !file.path.starts_with('/')) continue;
                    std::string said(link->substr(3));
                    while (!said.empty() && said.back() == '\n') said.pop_back();
                    if (said.ends_with(" (deleted)")) said.resize(said.size() - 10);
                    CHECK(file.path == said);
                }
            }
        });
    }

    TEST_CASE("signals are those of /proc/PID/status") {
        each_dump([](const Case& one) {
            for (const int pid : processes(one.truth)) {
                const auto status = one.truth.file(folder(pid) + "/task/" + std::to_string(pid) + "/status");
                const auto found = task_signals(one.dump, {only(pid), false});
                if (!status || !ProcTruth::field(*status, "SigBlk") || !found || found->tasks.empty())
                    continue;
                const TaskSignals& task = found->tasks.front();
                if (!task.blocked || !task.own || !task.shared || task.actions.empty()) {
                    CHECK_FALSE(found->problems.empty());
                    continue;
                }
                CAPTURE(pid);
                std::uint64_t ignored = 0, caught = 0;
                for (const SignalAction& action : task.actions) {
                    const std::uint64_t bit = std::uint64_t{1} << (action.number - 1);
                    if (action.handler == 1) ignored |= bit;
                    if (action.handler > 1) caught |= bit;
                }
                const auto said = [&](const char* key) {
                    return std::strtoull(ProcTruth::field(*status, key).value_or("").c_str(), nullptr, 16);
                };
                CHECK(*task.blocked == said("SigBlk"));
                CHECK(ignored == said("SigIgn"));
                CHECK(caught == said("SigCgt"));
                CHECK(task.own->set == said("SigPnd"));
                CHECK(task.shared->set == said("ShdPnd"));
            }
        });
    }

    TEST_CASE("mounts are those of /proc/1/mountinfo") {
        each_dump([](const Case& one) {
            const auto text = one.truth.file("/proc/1/mountinfo");
            const auto found = mounts(one.dump);
            if (!found) CHECK(found.error().code == ErrorCode::PageExcluded);
            if (!text || !found || !found->problems.empty()) return;
            std::vector<std::string> ours, said;
            for (const MountPoint& mount : found->mounts)
                ours.push_back(std::to_string(mount.id.value_or(-1)) + " " +
                               std::to_string(mount.parent_id.value_or(-1)) + " " +
                               std::to_string(mount.major) + ":" + std::to_string(mount.minor) + " " +
                               mount.root + " " + mount.directory + " " + mount.type + " " + mount.device);
            for (const std::string& line : lines_of(*text)) {
                std::istringstream words(line);
                std::string id, parent, device, root, directory, word, type, source;
                words >> id >> parent >> device >> root >> directory;
                while (words >> word && word != "-") {
                }
                words >> type >> source;
                said.push_back(id + " " + parent + " " + device + " " + root + " " + directory + " " + type +
                               " " + source);
            }
            CHECK(ours == said);
        });
    }

    TEST_CASE("swap areas are those of /proc/swaps") {
        std::size_t compared = 0;
        each_dump([&](const Case& one) {
            const auto text = one.truth.file("/proc/swaps");
            const SwapList list = swap_list(one.dump);
            if (!text || !list.problems.empty()) return;
            const auto lines = lines_of(*text);
            if (list.devices.size() + 1 != lines.size()) return;  // they were switched off since
            for (std::size_t i = 0; i < list.devices.size(); ++i) {
                std::istringstream words(lines[i + 1]);
                std::string path, type, size, used, priority;
                words >> path >> type >> size >> used >> priority;
                const SwapDevice& device = list.devices[i];
                CHECK(device.path == path);
                CHECK((device.is_device ? "partition" : "file") == type);
                CHECK(std::to_string(device.size_kib) == size);
                CHECK(std::to_string(device.priority) == priority);
                ++compared;
            }
        });
        CHECK(compared > 0);
    }
}

}  // namespace task_details_real_test
