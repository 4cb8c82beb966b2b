#include <postmortem/dump_info.h>

#include "output/json.h"
#include "output/shared_fields.h"

namespace postmortem {

void describe(Describer<FrameRange>& range) {
    range.is("frame range", "Neighbouring page frames");
    range.add("first_pfn", &FrameRange::first_pfn, "number of the first");
    range.add("end_pfn", &FrameRange::end_pfn, "one past that of the last");
}

void describe(Describer<NoteKind>& kind) {
    kind.is("note kind", "ELF notes of one name and type");
    kind.add("name", &NoteKind::name, "`CORE`, `VMCOREINFO`, `QEMU`, …");
    kind.add("type", &NoteKind::type, "a number, as in elf.h");
    kind.add("count", &NoteKind::count, "how many there are");
    kind.add("bytes", &NoteKind::bytes, "of all of them");
}

void describe(Describer<DamagedRange>& range) {
    range.is("damaged range", "Neighbouring page frames that cannot be read");
    range.add("frames", &DamagedRange::frames, "which");
    range.word("code", &DamagedRange::code, ErrorCode::InvalidArgument, "why");
    range.add("reason", &DamagedRange::reason, "the same in words, of the first of them");
}

void describe(Describer<DumpCheck>& check) {
    check.is("dump check", "What reading and decoding every page came to");
    check.add("readable_pages", &DumpCheck::readable, "that are whole");
    check.add("unreadable_pages", &DumpCheck::unreadable, "that are damaged or missing");
    check.add("damaged", &DumpCheck::damaged, "where they lie: the first 10,000 ranges");
    check.add("damaged_unlisted", &DumpCheck::damaged_unlisted, "how many more ranges there are");
}

void describe(Describer<DumpInformation>& info) {
    info.is_document();
    info.add("path", &DumpInformation::path, "as it was given");
    info.add("files", &DumpInformation::files, "that were read: the parts of a split dump");
    info.add("format", &DumpInformation::format, "`kdump-compressed v6`, …");
    info.add("machine", &DumpInformation::machine, "as uname -m").or_null();
    info.add("byte_order", &DumpInformation::byte_order, "of the machine")
        .one_of({"little-endian", "big-endian"});
    info.add("page_bytes", &DumpInformation::page_bytes, "the size of a page frame of the dump");
    info.add("release", &DumpInformation::release, "as uname -r").or_null();
    info.add("version", &DumpInformation::version, "as uname -v, where the header has it").or_null();
    info.add("nodename", &DumpInformation::nodename, "as uname -n, where the header has it").or_null();
    info.add("level", &DumpInformation::level, "makedumpfile's -d, where the format records it");
    info.add("incomplete", &DumpInformation::incomplete, "its writer flagged it as cut short");
    info.add("written_unix_seconds", &DumpInformation::written_unix_seconds,
             "when it was written, since 1970");
    info.add("crashed_cpu", &DumpInformation::crashed_cpu, "its number, where the header has it");
    info.add("cpu_count", &DumpInformation::cpu_count, "where the header has it");
    info.map("header", &DumpInformation::header, "fields of the format's own headers, in words");
    info.add("existing_pages", &DumpInformation::existing_pages,
             "that the machine had, as far as the dump tells");
    info.add("promised_pages", &DumpInformation::promised_pages, "that the dump says it holds");
    info.add("excluded_pages", &DumpInformation::excluded_pages, "that were left out on purpose");
    info.add("memory", &DumpInformation::memory, "the machine's, in stretches: the first 10,000");
    info.add("memory_unlisted", &DumpInformation::memory_unlisted, "how many more stretches there are");
    info.add("notes", &DumpInformation::notes, "by name and type: the first 1,000 kinds");
    info.add("notes_unlisted", &DumpInformation::notes_unlisted, "how many notes are of other kinds");
    info.add("vmcoreinfo", &DumpInformation::vmcoreinfo, "the text").or_null();
    info.add("vmcoreinfo_source", &DumpInformation::vmcoreinfo_source, "where that comes from").or_null();
    info.add("build_id", &DumpInformation::build_id, "of the kernel").or_null();
    info.add("vmlinux", &DumpInformation::vmlinux, "the matching one that was found").or_null();
    info.add("check", &DumpInformation::check, "with --check");
    add_problems(info);
}

std::string to_json(const DumpInformation& info) {
    return json_document(info);
}

}  // namespace postmortem
