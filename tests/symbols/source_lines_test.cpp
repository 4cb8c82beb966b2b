#include "symbols/source_lines.h"

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <map>
#include <random>
#include <sstream>

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "fixtures/fixture_types.h"
#include "support/cached_kernels.h"
#include "support/files.h"
#include "support/places.h"
#include "support/temp_dir.h"

namespace source_lines_test {

using namespace postmortem;
namespace fs = std::filesystem;

namespace {

fs::path fixture(std::string_view kind) {
    return test::fixtures() / ("fixture_" + std::string(kind));
}

std::string described(const std::vector<SourceFrame>& frames) {
    std::string text;
    for (const SourceFrame& frame : frames)
        text += fmt::format("{} {}:{}{}\n", frame.function, fs::path(frame.file).filename().string(),
                            frame.line, frame.is_inlined ? " inlined" : "");
    return text;
}

/// DWARF 2 knows neither scattered ranges nor where an inlined call was made: only the line is left.
void check_lines(const Vmlinux& vmlinux, bool has_inlined_calls = true) {
    const auto lines = SourceLines::open(vmlinux);
    REQUIRE(lines);
    const auto symbols = vmlinux.symbols(0);
    REQUIRE(symbols);
    const auto entry = (*symbols)->address_of("fixture_entry");
    REQUIRE(entry);
    const auto whole = (*symbols)->containing(*entry);
    REQUIRE(whole);

    const std::string expected = fmt::format(
        "fixture_store fixture_first.cpp:{} inlined\nfixture_middle fixture_first.cpp:{} "
        "inlined\nfixture_entry "
        "fixture_first.cpp:{}\n",
        int{fixture_store_line}, int{fixture_middle_line}, int{fixture_entry_line});
    bool seen = false;
    for (std::uint64_t address = *entry; address < *entry + 16; ++address) {
        const auto frames = (*lines)->at(address);
        REQUIRE(frames);
        REQUIRE_FALSE(frames->empty());
        CHECK(frames->back().function == "fixture_entry");
        CHECK_FALSE(frames->back().is_inlined);
        CHECK(frames->front().file.ends_with("tests/fixtures/fixture_first.cpp"));
        seen |=
            has_inlined_calls ? described(*frames) == expected : frames->front().line == fixture_store_line;
    }
    CHECK_MESSAGE(seen, expected);

    const auto second = (*symbols)->address_of("fixture_use_opaque");
    REQUIRE(second);
    const auto frames = (*lines)->at(*second);
    REQUIRE(frames);
    CHECK(frames->size() == 1);
    CHECK(frames->front().function == "fixture_use_opaque");
    CHECK(frames->front().file.ends_with("fixture_second.cpp"));

    for (const std::uint64_t nowhere : {0ull, 1ull, ~0ull, 0xffffffff81000000ull})
        CHECK((*lines)->at(nowhere).error().code == ErrorCode::NotFound);
}

/// Runs addr2line on many addresses; one block of lines each.
std::map<std::uint64_t, std::vector<std::string>> addr2line(const fs::path& vmlinux,
                                                            const std::vector<std::uint64_t>& addresses) {
    const test::TempDir folder;
    std::string input;
    for (const std::uint64_t address : addresses) input += fmt::format("{:x}\n", address);
    const fs::path given = folder.write("addresses", input), output = folder.path() / "lines";
    const std::string command = fmt::format("addr2line -a -i -f -e '{}' <'{}' >'{}' 2>/dev/null",
                                            vmlinux.string(), given.string(), output.string());
    std::map<std::uint64_t, std::vector<std::string>> blocks;
    if (std::system(command.c_str()) != 0) return blocks;
    std::ifstream file(output);
    std::vector<std::string>* block = nullptr;
    for (std::string line; std::getline(file, line);) {
        if (line.starts_with("0x") && line.size() == 18)
            block = &blocks[std::stoull(line, nullptr, 16)];
        else if (block != nullptr)
            block->push_back(line.substr(0, line.find(" (discriminator")));
    }
    return blocks;
}

/// How one answer compares with addr2line's.
enum class Verdict { Same, BothUnknown, OtherFile, Different };

Verdict compare(const Result<std::vector<SourceFrame>>& ours, const std::vector<std::string>& theirs) {
    if (theirs.size() < 2) return Verdict::Different;
    // Without a line, addr2line guesses the file from the symbol table.
    if (!ours) return theirs[1].ends_with(":?") ? Verdict::BothUnknown : Verdict::Different;
    if (ours->size() * 2 != theirs.size()) return Verdict::Different;
    Verdict verdict = Verdict::Same;
    for (std::size_t i = 0; i < ours->size(); ++i) {
        const SourceFrame& frame = (*ours)[i];
        const std::string& place = theirs[i * 2 + 1];
        const std::size_t colon = place.rfind(':');
        if (!frame.function.empty() && frame.function != theirs[i * 2]) return Verdict::Different;
        if (place.substr(colon + 1) != (frame.line == 0 ? "?" : std::to_string(frame.line)))
            return Verdict::Different;
        if (place.substr(0, colon) != frame.file) verdict = Verdict::OtherFile;
    }
    return verdict;
}

/// Return addresses minus one and other places in functions of C, a few hundred of them.
std::vector<std::uint64_t> sample_addresses(const SymbolTable& symbols, std::size_t count) {
    std::vector<std::uint64_t> functions;
    REQUIRE(symbols.for_each([&](const Symbol& symbol) {
        const bool text = symbol.type == 't' || symbol.type == 'T';
        const bool of_c = !symbol.name.starts_with("_R") && !symbol.name.starts_with("__pfx_") &&
                          !symbol.name.starts_with("__SC");
        if (text && of_c && symbol.address >> 63 != 0) functions.push_back(symbol.address);
        return true;
    }));
    std::mt19937 random(1);
    std::shuffle(functions.begin(), functions.end(), random);
    functions.resize(std::min(functions.size(), count / 2));
    std::vector<std::uint64_t> addresses;
    for (const std::uint64_t function : functions) {
        addresses.push_back(function);
        addresses.push_back(function + 1 + random() % 24);
    }
    return addresses;
}

}  // namespace

TEST_CASE("lines and inlined calls are read from every version and packing of DWARF") {
    for (const std::string kind : {"dwarf2", "dwarf3", "dwarf4", "dwarf4_units", "dwarf5", "dwarf5_units",
                                   "compressed", "compressed_gnu"}) {
        CAPTURE(kind);
        const auto vmlinux = Vmlinux::open(fixture(kind), std::nullopt);
        REQUIRE(vmlinux);
        check_lines(**vmlinux, kind != "dwarf2");
    }
}

TEST_CASE("without .debug_aranges the ranges of the compile units serve") {
    for (const std::string kind : {"dwarf4", "dwarf5"}) {
        std::string content = test::file_contents(fixture(kind));
        const std::size_t name = content.find(".debug_aranges");
        if (name != std::string::npos) content.replace(name, 14, ".xebug_aranges");
        const test::TempDir folder;
        const auto vmlinux = Vmlinux::open(folder.write("vmlinux", content), std::nullopt);
        REQUIRE(vmlinux);
        check_lines(**vmlinux);
    }
}

TEST_CASE("lines and inlined calls of real kernels are those of addr2line") {
    const auto kernels = test::cached_kernels();
    if (kernels.empty()) MESSAGE("skipped: no kernel with debug symbols in the cache");
    for (const auto& kernel : kernels) {
        CAPTURE(kernel.suite);
        const auto vmlinux = Vmlinux::open(kernel.vmlinux(), std::nullopt);
        REQUIRE(vmlinux);
        const auto symbols = (*vmlinux)->symbols(0);
        REQUIRE(symbols);
        const auto addresses = sample_addresses(**symbols, 600);
        const auto theirs = addr2line(kernel.vmlinux(), addresses);
        if (theirs.empty()) {
            MESSAGE("skipped: addr2line is not installed");
            return;
        }
        const auto lines = SourceLines::open(**vmlinux);
        REQUIRE(lines);
        std::map<Verdict, int> verdicts;
        for (const auto& [address, block] : theirs) {
            const auto ours = (*lines)->at(address);
            const Verdict verdict = compare(ours, block);
            ++verdicts[verdict];
            if (verdict == Verdict::Different)
                FAIL_CHECK(fmt::format("{:x}: {} vs {}", address,
                                       ours ? described(*ours) : ours.error().message,
                                       fmt::join(block, " ")));
        }
        MESSAGE(kernel.suite << ": " << verdicts[Verdict::Same] << " same, " << verdicts[Verdict::BothUnknown]
                             << " unknown to both, " << verdicts[Verdict::OtherFile] << " with another file");
        CHECK(verdicts[Verdict::Same] > 400);
        // binutils 2.40 names the unit's main file for some functions of DWARF 5 that come from a header.
        CHECK(verdicts[Verdict::OtherFile] < 30);
    }
}

}  // namespace source_lines_test
