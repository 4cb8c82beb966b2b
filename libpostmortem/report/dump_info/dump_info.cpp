#include <algorithm>
#include <map>

#include <fmt/format.h>

#include <postmortem/dump_info.h>

#include "base/parallel.h"
#include "dump/find_vmcoreinfo.h"
#include "dump/machine.h"
#include "dump/open/folder.h"
#include "dump/vmcoreinfo.h"
#include "report/dump_info/dump_frames.h"
#include "report/dump_options.h"
#include "symbols/vmlinux.h"

namespace postmortem {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t max_memory_listed = 10'000, max_note_kinds = 1000, max_note_name = 100;

class Teller {
  public:
    Teller(const fs::path& path, const DumpFile& dump, const DumpInfoRequest& request)
        : path_(path), dump_(dump), request_(request) {}

    DumpInformation tell() {
        info_.path = path_.string();
        info_.problems = dump_.problems();
        tell_headers();
        tell_notes();
        tell_vmcoreinfo();
        tell_pages();
        if (request_.open.search_vmlinux) tell_vmlinux();
        return std::move(info_);
    }

  private:
    void tell_headers() {
        const DumpInfo& said = dump_.info();
        for (const fs::path& file : said.files) info_.files.push_back(file.string());
        info_.format = said.format;
        info_.machine = said.utsname.machine.empty() || elf_machine_of(said.utsname.machine) == 0
                            ? std::string(uname_machine_of(dump_.machine(), dump_.endian()))
                            : said.utsname.machine;
        info_.byte_order = dump_.endian() == Endian::Big ? "big-endian" : "little-endian";
        info_.page_bytes = dump_.page_size();
        info_.release = said.utsname.release;
        info_.version = said.utsname.version;
        info_.nodename = said.utsname.nodename;
        info_.level = said.dump_level;
        info_.incomplete = said.incomplete;
        info_.written_unix_seconds = said.timestamp;
        info_.crashed_cpu = said.crashed_cpu;
        info_.cpu_count = said.cpu_count;
        for (const HeaderField& field : said.header) info_.header.push_back({field.name, field.value});
    }

    void tell_notes() {
        std::map<std::pair<std::string_view, std::uint32_t>, std::size_t> places;
        for (const Note& note : dump_.notes()) {
            const std::string_view name = note.name.substr(0, max_note_name);
            auto place = places.find({name, note.type});
            if (place == places.end()) {
                if (info_.notes.size() == max_note_kinds) {
                    ++info_.notes_unlisted;
                    continue;
                }
                place = places.emplace(std::pair(name, note.type), info_.notes.size()).first;
                info_.notes.push_back({std::string(name), note.type});
            }
            NoteKind& kind = info_.notes[place->second];
            ++kind.count;
            kind.bytes += note.desc.size();
        }
    }

    void tell_vmcoreinfo() {
        info_.vmcoreinfo = dump_.vmcoreinfo();
        if (!info_.vmcoreinfo.empty()) {
            info_.vmcoreinfo_source = "the dump's headers";
        } else if (auto found = find_vmcoreinfo(dump_); !found.empty()) {
            info_.vmcoreinfo_source = fmt::format("memory at {:#x}", found.front().paddr);
            info_.vmcoreinfo = std::move(found.front().text);
        }
        const VmcoreInfo said(info_.vmcoreinfo);
        if (const auto release = said.string("OSRELEASE")) info_.release = *release;
        if (const auto id = said.string("BUILD-ID")) info_.build_id = *id;
    }

    void tell_pages() {
        Frames promised;
        std::optional<Frames> existing;
        // Two bitmaps, of a machine of terabytes 128 MiB each.
        parallel_for(2, 1, [&](std::size_t first, std::size_t last) {
            for (std::size_t i = first; i < last; ++i)
                if (i == 0)
                    promised = promised_frames(dump_);
                else
                    existing = existing_frames_of(dump_);
        });
        const Frames lost = lost_frames(dump_, promised);
        info_.promised_pages = promised.count + lost.count;
        tell_existing(std::move(existing));
        if (!request_.check) return look_at_the_end(promised);
        info_.check = check_frames(dump_, promised, lost, request_.checking);
        if (info_.check->unreadable != 0)
            info_.problems.emplace_back(
                ErrorCode::PageMissing,
                fmt::format("{} of {} pages cannot be read, in {} ranges", info_.check->unreadable,
                            info_.promised_pages,
                            info_.check->damaged.size() + info_.check->damaged_unlisted));
    }

    // What a damaged dump does not know of the machine is not told.
    void tell_existing(std::optional<Frames> existing) {
        TablesFinding tables = dump_.check_tables();
        if (existing && existing->count < info_.promised_pages && tables.existing_certain &&
            tables.promised_certain) {
            tables.existing_certain = false;
            tables.problems.emplace_back(
                ErrorCode::Corrupt,
                fmt::format(
                    "the dump says that it holds {} pages, and that the machine had {}; copy it again",
                    info_.promised_pages, existing->count));
        }
        for (Error& problem : tables.problems) info_.problems.push_back(std::move(problem));
        if (!existing || !tables.existing_certain) return;
        info_.existing_pages = existing->count;
        if (tables.promised_certain) info_.excluded_pages = existing->count - info_.promised_pages;
        std::vector<FrameRange>& ranges = existing->ranges;
        if (ranges.size() > max_memory_listed) ranges.resize(max_memory_listed);
        info_.memory_unlisted = existing->runs - ranges.size();
        info_.memory = std::move(ranges);
        info_.memory.shrink_to_fit();
    }

    // What is wrong with the file as a whole has been told.
    void look_at_the_end(const Frames& promised) {
        if (!dump_.problems().empty()) return;
        if (auto missing = missing_at_the_end(dump_, promised))
            info_.problems.emplace_back(
                ErrorCode::PageMissing,
                fmt::format("pages at the end of the dump are not there: {}; --check counts them",
                            missing->message),
                missing->address);
    }

    void tell_vmlinux() {
        for (const Attachment& file : dump_.attachments()) {
            if (const auto found = Vmlinux::open(file, info_.build_id)) {
                info_.vmlinux = file.name;
                return;
            } else if (found.error().code == ErrorCode::Io) {
                info_.problems.push_back(found.error());
            }
        }
        VmlinuxQuery query;
        query.build_id = info_.build_id;
        query.release = info_.release;
        query.beside = folder_of(path_);
        query.use_debuginfod = false;
        if (query.build_id.empty() && query.release.empty()) return;
        if (const auto found = find_vmlinux(query)) info_.vmlinux = (*found)->path().string();
    }

    const fs::path& path_;
    const DumpFile& dump_;
    const DumpInfoRequest& request_;
    DumpInformation info_;
};

}  // namespace

Result<DumpInformation> dump_information(const fs::path& path, const DumpInfoRequest& request) {
    const auto dump = open_dump(path, dump_options(request.open));
    if (!dump) return fail(dump.error());
    return Teller(path, **dump, request).tell();
}

}  // namespace postmortem
