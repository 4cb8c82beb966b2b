// Compares what a dump gives with the memory it was made from.
#pragma once

#include <memory>

#include "dump/dump_file.h"
#include "support/fake_dump.h"

namespace postmortem::test {

/// Opens a dump in memory.
Result<std::unique_ptr<DumpFile>> open_bytes(Bytes file);

/// How the pages of a dump compare with the memory. `wrong` counts bytes that are neither right nor an error,
/// and errors of a kind that does not fit: it must be 0.
struct Comparison {
    std::uint64_t right = 0, excluded = 0, no_memory = 0, missing = 0, corrupt = 0, unsupported = 0,
                  wrong = 0;
    bool operator==(const Comparison&) const = default;
};

/// Asks for every frame of `memory`.
Comparison compare(const DumpFile& dump, const FakeMemory& memory);

/// Of all frames of `memory`: wrong bytes, and wrong words of why there are none.
std::uint64_t false_answers(const DumpFile& dump, const FakeMemory& memory);

/// What compare() gives for an undamaged dump.
Comparison undamaged(const FakeMemory& memory);
/// The same for formats that take each page that they do not hold for memory that the machine lacks, or for
/// one that was left out.
Comparison all_or_no_memory(const FakeMemory& memory);
Comparison all_or_excluded(const FakeMemory& memory);

/// What is left of a file that was cut off gives right pages only; where it gives fewer than the whole one,
/// it has a problem to tell. `pieces`: how many cuts.
void check_cut_anywhere(Bytes file, const FakeMemory& memory, std::size_t pieces = 200);

/// With bytes that are wrong, each of the first `headers` and then one here and there, what opens keeps what
/// the interface promises (fuzz_dump.h).
void check_changed_bytes(Bytes file, std::size_t headers);

}  // namespace postmortem::test
