#include <fmt/format.h>

#include <postmortem/crash_dump.h>
#include <postmortem/page_members.h>

#include "base/problem_collector.h"
#include "base/text.h"
#include "kernel/mm/memory_sections.h"
#include "kernel/mm/page_structs.h"

namespace postmortem {
namespace {

constexpr std::uint64_t most_parts = 64;

// A member, and the numbers that are printed of it: one, but of a struct as many as there are words in it.
struct MemberColumn {
    std::uint64_t offset = 0;
    std::uint32_t part_bytes = 0;
    std::uint64_t parts = 1;
    enum class Form { Hexadecimal, Signed, Unsigned } form = Form::Hexadecimal;
    std::string bit_field;  ///< its path, where it is one
};

using Form = MemberColumn::Form;

class ColumnFinder {
  public:
    ColumnFinder(const TypeFinder& types, std::uint32_t word_size) : types_(types), word_size_(word_size) {}

    Result<MemberColumn> find(const std::string& path) const {
        const auto page = types_.find_struct("page");
        if (!page) return fail(page.error());
        TypeId type = *page;
        MemberColumn column;
        for (const std::string_view name : split(path, '.')) {
            const auto place = types_.member(type, name);
            if (!place) return fail(ErrorCode::NotFound, fmt::format("struct page has no member {}", path));
            column.offset += place->offset();
            if (place->bit_size != 0) column.bit_field = path;
            type = place->type;
        }
        if (!take_form(types_.get(type), path, column))
            return fail(ErrorCode::InvalidArgument, fmt::format("{} does not hold numbers alone", path));
        return column;
    }

  private:
    static bool is_size_of_number(std::uint64_t bytes) {
        return bytes == 1 || bytes == 2 || bytes == 4 || bytes == 8;
    }

    // As crash has it: pointers, flags and structs in hexadecimal, other numbers in decimal, and so are
    // structs that count.
    bool take_form(const Type& type, std::string_view path, MemberColumn& column) const {
        column.part_bytes = static_cast<std::uint32_t>(type.byte_size);
        switch (type.kind) {
            case TypeKind::Pointer: return is_size_of_number(type.byte_size);
            case TypeKind::Integer:
            case TypeKind::Enum:
                column.form = type.is_signed ? Form::Signed : Form::Unsigned;
                if (path == "flags") column.form = Form::Hexadecimal;
                return is_size_of_number(type.byte_size);
            case TypeKind::Struct:
                if (path.starts_with("_count") || path.starts_with("_mapcount")) {
                    column.part_bytes = sizeof(std::int32_t);
                    column.form = Form::Signed;
                    return type.byte_size >= column.part_bytes;
                }
                for (const std::uint32_t size : {word_size_, 4u, 2u})
                    if (type.byte_size % size == 0) {
                        column.part_bytes = size;
                        column.parts = type.byte_size / size;
                        return column.parts != 0 && column.parts <= most_parts;
                    }
                return false;
            default: return false;
        }
    }

    const TypeFinder& types_;
    std::uint32_t word_size_;
};

class MembersReader {
  public:
    MembersReader(const Kernel& kernel, std::vector<MemberColumn> columns)
        : kernel_(kernel), columns_(std::move(columns)) {}

    Result<PageMembersRow> read(std::uint64_t page) const {
        PageMembersRow row{page, {}};
        for (const MemberColumn& column : columns_) {
            std::string text;
            for (std::uint64_t i = 0; i < column.parts; ++i) {
                const auto value = number(page, i, column);
                if (!value) return fail(value.error());
                text += (i == 0 ? "" : ",") + text_of(*value, column);
            }
            row.values.push_back(std::move(text));
        }
        return row;
    }

  private:
    static std::string text_of(std::uint64_t value, const MemberColumn& column) {
        const std::uint32_t unused_bits = 64 - 8 * column.part_bytes;
        switch (column.form) {
            case Form::Hexadecimal: return fmt::format("{:0{}x}", value, column.part_bytes * 2);
            case Form::Unsigned: return fmt::format("{}", value);
            case Form::Signed: break;
        }
        return fmt::format("{}", static_cast<std::int64_t>(value << unused_bits) >> unused_bits);
    }

    Result<std::uint64_t> number(std::uint64_t page, std::uint64_t part, const MemberColumn& column) const {
        const AddressSpace& memory = kernel_.memory();
        if (!column.bit_field.empty()) return bits(page, column.bit_field);
        const std::uint64_t address = page + column.offset + part * column.part_bytes;
        const auto widened = [](auto value) { return std::uint64_t{value}; };
        switch (column.part_bytes) {
            case 1: return memory.get<std::uint8_t>(address).map(widened);
            case 2: return memory.get<std::uint16_t>(address).map(widened);
            case 4: return memory.get<std::uint32_t>(address).map(widened);
            default: return memory.get<std::uint64_t>(address);
        }
    }

    Result<std::uint64_t> bits(std::uint64_t page, std::string_view path) const {
        Object member = kernel_.object("page", page);
        for (const std::string_view name : split(path, '.')) member = member[name];
        return member.u64();
    }

    const Kernel& kernel_;
    std::vector<MemberColumn> columns_;
};

Result<std::uint64_t> page_at(const Kernel& kernel, const PageStructs& pages, std::uint64_t address,
                              bool physical) {
    const std::uint64_t page_bytes = kernel.physical().page_size();
    if (physical || !kernel.is_of_kernel(address))
        return pages.of_frame(address / page_bytes);
    if (const auto frame = pages.frame_of(address)) return pages.of_frame(*frame);
    const auto place = kernel.memory().translate(address);
    return place ? pages.of_frame(*place / page_bytes) : place;
}

Result<std::vector<MemberColumn>> find_columns(const Kernel& kernel, const std::vector<std::string>& names) {
    if (names.empty()) return fail(ErrorCode::InvalidArgument, "no member of struct page is named");
    const ColumnFinder finder(kernel.types(), kernel.memory().word_size());
    std::vector<MemberColumn> columns;
    for (const std::string& name : names) {
        auto found = finder.find(name);
        if (!found) return fail(std::move(found.error()));
        columns.push_back(*found);
    }
    return columns;
}

}  // namespace

Result<Problems> visit_page_members(const CrashDump& dump, const PageMembersRequest& request,
                                    const std::function<bool(const PageMembersRow& row)>& visit) {
    const Kernel& kernel = dump.kernel();
    auto columns = find_columns(kernel, request.members);
    if (!columns) return fail(std::move(columns.error()));
    const auto pages = PageStructs::open(kernel);
    if (!pages) return fail(pages.error());
    const MembersReader reader(kernel, std::move(*columns));
    if (request.address) {
        const auto page = page_at(kernel, *pages, *request.address, request.physical);
        const auto row = page ? reader.read(*page) : fail(page.error());
        if (!row) return fail(row.error());
        (void)visit(*row);
        return Problems();
    }
    const auto frames = frames_with_pages(kernel);
    if (!frames)
        return fail(frames.error().code, "the sections of memory: " + frames.error().message,
                    frames.error().address);
    ProblemCollector problems;
    problems.add_all(frames->problems);
    for (const FramesWithPages::Run& run : frames->runs)
        for (std::uint64_t i = 0; i < run.count; ++i) {
            const auto page = pages->of_frame(run.first + i);
            const auto row = page ? reader.read(*page) : fail(page.error());
            if (!row) problems.add("a struct page", row.error());
            if (row && !visit(*row)) return problems.take();
        }
    return problems.take();
}

Result<PageMembers> page_members(const CrashDump& dump, const PageMembersRequest& request) {
    PageMembers found;
    found.members = request.members;
    auto problems = visit_page_members(
        dump, request, [&](const PageMembersRow& row) { return found.pages.push_back(row), true; });
    if (!problems) return fail(std::move(problems.error()));
    found.problems = std::move(*problems);
    return found;
}

}  // namespace postmortem
