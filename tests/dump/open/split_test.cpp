// One dump in several files: found by any of them, in any order, also flattened and compressed; a part that
// is missing costs its frames.
#include <algorithm>
#include <chrono>
#include <filesystem>
#include <numeric>

#include <doctest/doctest.h>
#include <sys/resource.h>
#include <unistd.h>

#include "support/check_dump.h"
#include "support/pack_file.h"
#include "support/temp_dir.h"

namespace split_test {

using namespace postmortem;
using namespace postmortem::test;
namespace fs = std::filesystem;

namespace {

using Range = std::pair<std::uint64_t, std::uint64_t>;

Buffer part(const FakeMemory& memory, Range range,
            std::string vmcoreinfo = "OSRELEASE=6.1\nCRASHTIME=1\nPAGESIZE=4096\n") {
    KdumpShape shape;
    shape.split = true;
    shape.start_pfn = range.first;
    shape.end_pfn = range.second;
    shape.vmcoreinfo = std::move(vmcoreinfo);
    return make_kdump(memory, shape);
}

const std::vector<std::vector<Range>> sets = {
    {{0, 50}, {50, 100}},
    {{0, 33}, {33, 77}, {77, 100}},
    {{0, 0}, {0, 100}},  // an empty part first
    {{0, 0}, {0, 60}, {60, 60}, {60, 100}, {100, 100}},
    {{0, 20}, {20, 40}, {40, 60}, {60, 80}, {80, 100}},
};

bool mentions(const DumpFile& dump, std::string_view text) {
    return std::any_of(dump.problems().begin(), dump.problems().end(),
                       [&](const Error& e) { return e.message.find(text) != e.message.npos; });
}

/// Each in a folder of its own, one of them replaced.
std::vector<fs::path> three_files(const TempDir& dir, const FakeMemory& memory, std::size_t replaced,
                                  const Buffer& by) {
    std::vector<fs::path> files;
    for (std::size_t i = 0; i < 3; ++i)
        files.push_back(
            dir.write(std::to_string(i) + "/vmcore", i == replaced ? by : part(memory, sets[1][i])));
    return files;
}

}  // namespace

TEST_CASE("a split dump is whole by any of its parts, by all of them, and by its folder") {
    const FakeMemory memory = make_memory(100);
    for (const auto& ranges : sets) {
        for (const bool flat : {false, true}) {
            const TempDir dir;
            std::vector<fs::path> files;
            for (std::size_t i = 0; i < ranges.size(); ++i) {
                Buffer file = part(memory, ranges[i]);
                if (flat && i % 2 == 0) file = make_flattened(flat_records(file, 3000));
                // Names that do not sort as the frames do.
                files.push_back(dir.write(
                    "vmcore.part" + std::to_string((i * 7 + 3) % ranges.size()) + std::to_string(i), file));
            }
            dir.write("readme", "not a dump");
            for (const fs::path& file : files) {
                CAPTURE(file.string());
                const auto dump = open_dump(file);
                REQUIRE(dump);
                CHECK((*dump)->problems().empty());
                CHECK((*dump)->info().file == file);
                CHECK(compare(**dump, memory) == undamaged(memory));
            }
            const auto folder = open_dump(dir.path());
            REQUIRE(folder);
            CHECK((*folder)->problems().empty());
            CHECK(compare(**folder, memory) == undamaged(memory));
        }
    }
}

TEST_CASE("parts in different folders are joined where all are named, in any order") {
    const FakeMemory memory = make_memory(100);
    std::vector<std::size_t> order = {0, 1, 2};
    do {
        const TempDir dir;
        std::vector<fs::path> files;
        for (const std::size_t i : order)
            files.push_back(dir.write(std::to_string(i) + "/vmcore", part(memory, sets[1][i])));
        DumpOptions options;
        options.more_files = {files[1], files[2]};
        const auto dump = open_dump(files[0], options);
        REQUIRE(dump);
        CHECK((*dump)->problems().empty());
        CHECK((*dump)->info().files == files);
        CHECK(compare(**dump, memory) == undamaged(memory));
    } while (std::next_permutation(order.begin(), order.end()));
}

TEST_CASE("a missing part costs its frames, and is named") {
    const FakeMemory memory = make_memory(100);
    for (std::size_t lost = 0; lost < 3; ++lost) {
        const TempDir dir;
        fs::path first;
        Comparison expected = undamaged(memory);
        for (std::size_t i = 0; i < 3; ++i) {
            if (i != lost) first = dir.write("vmcore." + std::to_string(i), part(memory, sets[1][i]));
        }
        const auto [begin, end] = sets[1][lost];
        for (const auto& [pfn, page] : memory.pages) {
            if (pfn < begin || pfn >= end) continue;
            --expected.right;
            ++expected.missing;
        }
        for (const fs::path& path : {first, dir.path()}) {
            const auto dump = open_dump(path);
            REQUIRE(dump);
            CHECK(compare(**dump, memory) == expected);
            REQUIRE((*dump)->problems().size() == 1);
            char range[32];
            std::snprintf(range, sizeof range, "%#lx to %#lx", begin, end);
            CHECK(mentions(**dump, begin == 0 ? "0x0 to 0x21" : range));
        }
    }
}

TEST_CASE("a part that is emptied, cut to a stub or overwritten costs its frames, wherever it is named") {
    const FakeMemory memory = make_memory(100);
    const Buffer whole = part(memory, sets[1][1]);
    const Buffer empty, zeros(20000), stub(whole.begin(), whole.begin() + 3000);
    for (const Buffer* ruined : {&empty, &stub, &zeros})
        for (std::size_t lost = 0; lost < 3; ++lost) {
            CAPTURE(lost);
            const TempDir dir;
            const auto files = three_files(dir, memory, lost, *ruined);
            DumpOptions options;
            options.more_files = {files[1], files[2]};
            const auto dump = open_dump(files[0], options);
            REQUIRE(dump);
            CHECK(mentions(**dump, files[lost].string()));
            const Comparison seen = compare(**dump, memory);
            CHECK(seen.wrong == 0);
            CHECK(seen.right > 0);
            CHECK(seen.missing > 0);
        }
}

TEST_CASE("a part whose headers are damaged is left out, and two of which nobody is right are refused") {
    const FakeMemory memory = make_memory(100);
    for (std::size_t odd = 0; odd < 3; ++odd) {
        CAPTURE(odd);
        const TempDir dir;
        const auto files = three_files(
            dir, memory, odd, part(memory, sets[1][odd], "OSRELEASE=6.1\nCRASHTIME=2\nPAGESIZE=4096\n"));
        DumpOptions options;
        options.more_files = {files[1], files[2]};
        const auto dump = open_dump(files[0], options);
        REQUIRE(dump);
        CHECK(mentions(**dump, files[odd].string() + ": left out"));
        CHECK(compare(**dump, memory).wrong == 0);

        options.more_files = {files[(odd + 1) % 3]};
        const auto two = open_dump(files[odd], options);
        REQUIRE_FALSE(two);
        CHECK(two.error().message.find("are not parts of one split dump") != std::string::npos);
    }
}

TEST_CASE("of a folder whose newest dump cannot be read the next one is taken, and it is said") {
    const FakeMemory memory = make_memory(40);
    const Buffer sound = make_kdump(memory, {});
    const TempDir dir;
    const fs::path old = dir.write("vmcore.old", sound);
    const fs::path stub = dir.write("vmcore", Buffer(sound.begin(), sound.begin() + 100));
    fs::last_write_time(stub, fs::last_write_time(old) + std::chrono::hours(1));
    const auto dump = open_dump(dir.path());
    REQUIRE(dump);
    CHECK((*dump)->info().file == old);
    CHECK(mentions(**dump, stub.string()));
    CHECK(compare(**dump, memory) == undamaged(memory));
}

TEST_CASE("parts of another dump beside it are not taken, and of two sets of one dump each is whole") {
    const FakeMemory memory = make_memory(100), other = make_memory(90);
    const TempDir dir;
    const fs::path mine = dir.write("b.1", part(memory, {0, 50}));
    dir.write("b.2", part(memory, {50, 100}, "OSRELEASE=6.1\nCRASHTIME=2\nPAGESIZE=4096\n"));
    dir.write("c.2", part(other, {50, 90}));
    auto dump = open_dump(mine);
    REQUIRE(dump);
    CHECK((*dump)->info().files.size() == 1);
    CHECK((*dump)->problems().size() == 1);
    dir.write("z.2", part(memory, {50, 100}));
    dir.write("z.1", part(memory, {0, 0}));
    dir.write("z.3", part(memory, {100, 100}));
    dump = open_dump(mine);
    REQUIRE(dump);
    CHECK((*dump)->problems().empty());
    CHECK(compare(**dump, memory) == undamaged(memory));
    DumpOptions options;
    options.more_files = {dir.path() / "c.2"};
    const auto wrong = open_dump(mine, options);
    REQUIRE_FALSE(wrong);
    CHECK(wrong.error().code == ErrorCode::InvalidArgument);
}

TEST_CASE("a part that is cut off costs its own frames only") {
    const FakeMemory memory = make_memory(100);
    for (const std::size_t length : {0u, 100u, 5000u, 9000u, 17000u, 40000u}) {
        CAPTURE(length);
        const TempDir dir;
        const fs::path first = dir.write("vmcore.1", part(memory, {0, 50}));
        const Buffer whole = part(memory, {50, 100});
        dir.write("vmcore.2", Bytes(whole).first(std::min<std::size_t>(length, whole.size() - 1)));
        const auto dump = open_dump(first);
        REQUIRE(dump);
        const Comparison seen = compare(**dump, memory);
        CHECK(seen.wrong + seen.corrupt + seen.unsupported == 0);
        if (length < 16384) CHECK_FALSE((*dump)->problems().empty());
        CHECK(seen.right + seen.missing == memory.pages.size());
        Buffer scratch(4096);
        CHECK((*dump)->page(48 * 4096, scratch));
    }
}

TEST_CASE("a split dump in compressed files or in an archive") {
    const FakeMemory memory = make_memory(100);
    const TempDir dir;
    std::vector<FakeMember> members;
    for (std::size_t i = 0; i < 3; ++i) {
        const Buffer file = part(memory, sets[1][i]);
        dir.write("vmcore." + std::to_string(i) + ".gz", pack_file(Packing::Gzip, file));
        members.push_back({"crash/vmcore." + std::to_string(i), file});
    }
    for (const fs::path& path : {dir.path(), dir.path() / "vmcore.1.gz", TempDir().path()}) {
        if (!fs::exists(path)) continue;
        const auto dump = open_dump(path);
        REQUIRE(dump);
        CHECK((*dump)->problems().empty());
        CHECK(compare(**dump, memory) == undamaged(memory));
    }
    const auto tar = open_dump(dir.write("tar/case.tar", make_tar(members)));
    REQUIRE(tar);
    CHECK((*tar)->problems().empty());
    CHECK(compare(**tar, memory) == undamaged(memory));
}

TEST_CASE("why a part that lies beside could not be opened is told, and of no other file") {
    const FakeMemory memory = make_memory(100);
    const TempDir dir;
    std::size_t largest = 0;
    std::vector<fs::path> files;
    for (std::size_t i = 0; i < 3; ++i) {
        const Buffer file = part(memory, sets[1][i]);
        largest = std::max(largest, file.size());
        files.push_back(dir.write("vmcore." + std::to_string(i) + ".gz", pack_file(Packing::Gzip, file)));
    }
    dir.write("notes.1", "seen at night");
    DumpOptions options;
    options.max_temporary_bytes = largest * 3 / 2;  // of all of them
    for (const fs::path& path : {files[0], dir.path()}) {
        const auto dump = open_dump(path, options);
        REQUIRE(dump);
        CHECK(mentions(**dump, "vmcore.1.gz: the unpacked dump needs more than"));
        CHECK_FALSE(mentions(**dump, "put all parts into one folder"));
        CHECK_FALSE(mentions(**dump, "notes"));
        CHECK(compare(**dump, memory).wrong == 0);
    }
    options.more_files = {files[1], files[2]};
    const auto named = open_dump(files[0], options);
    REQUIRE(named);
    CHECK((*named)->problems().size() == 3);  // what is missing, and each file once
    CHECK_FALSE(mentions(**named, "put all parts into one folder"));

    Buffer damaged = pack_file(Packing::Gzip, part(memory, sets[1][1]));
    std::fill(damaged.begin() + 10, damaged.end() - 10, std::byte{0});
    dir.write("vmcore.1.gz", damaged);
    const auto dump = open_dump(files[0]);
    REQUIRE(dump);
    CHECK(
        mentions(**dump, "vmcore.1.gz: not a crash dump: what is gzip-compressed in it is none, or damaged"));
    CHECK_FALSE(mentions(**dump, "notes"));
    CHECK((*dump)->problems().size() == 2);
}

TEST_CASE("parts for which no more files may be open are told, with the limit") {
    const FakeMemory memory = make_memory(100);
    const TempDir dir;
    fs::path first;
    for (std::size_t i = 0; i < 3; ++i)
        first = dir.write("vmcore." + std::to_string(2 - i), part(memory, sets[1][2 - i]));
    rlimit before{};
    REQUIRE(getrlimit(RLIMIT_NOFILE, &before) == 0);
    const int next = dup(0);
    close(next);
    rlimit two_more = before;
    two_more.rlim_cur = static_cast<rlim_t>(next) + 2;
    setrlimit(RLIMIT_NOFILE, &two_more);
    const auto dump = open_dump(first);
    setrlimit(RLIMIT_NOFILE, &before);
    REQUIRE(dump);
    CHECK((*dump)->info().files.size() == 2);
    CHECK(mentions(**dump, "vmcore.2: Too many open files"));
    CHECK(mentions(**dump, "ulimit -n"));
}

}  // namespace split_test
