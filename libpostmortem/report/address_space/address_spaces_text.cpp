// `vm` as crash 9 prints it (memory.c: vm_area_dump()).
#include <fmt/format.h>

#include <postmortem/address_spaces.h>

#include "base/text.h"
#include "report/address_space/area_text.h"
#include "report/tasks/task_header_text.h"

namespace postmortem {
namespace {

using SpaceOut = fmt::appender;

std::string kib_or_dash(const std::optional<std::uint64_t>& value) {
    return value ? fmt::format("{}k", *value) : "-";
}

struct AreaColumns {
    std::size_t pointer, virtual_digits, physical_digits;
};

void print_sizes(SpaceOut out, const TaskAddressSpace& space, const AreaColumns& columns) {
    fmt::format_to(
        out, "{}  {}   RSS    TOTAL_VM\n{}  {}  {}  {}\n", centered("MM", columns.pointer),
        centered("PGD", columns.pointer), centered(fmt::format("{:x}", space.mm), columns.pointer),
        centered(space.mm != 0 && space.pgd == 0 ? "-" : fmt::format("{:x}", space.pgd), columns.pointer),
        centered(kib_or_dash(space.rss_kib), 6), centered(kib_or_dash(space.total_kib), 8));
}

void print_area_header(SpaceOut out, const AreaColumns& columns) {
    fmt::format_to(out, "{}", area_heading(static_cast<unsigned>(columns.virtual_digits)));
}

void print_area(SpaceOut out, const UserArea& area, const AreaColumns& columns) {
    fmt::format_to(out, "{}", area_line(area, static_cast<unsigned>(columns.virtual_digits)));
}

void print_pages(SpaceOut out, const UserArea& area, const AreaColumns& columns) {
    fmt::format_to(out, "{:<{}}  {:<{}}\n", "VIRTUAL", columns.virtual_digits, "PHYSICAL",
                   columns.physical_digits);
    for (const UserPage& page : area.pages) {
        fmt::format_to(out, "{:<{}x}  ", page.address, columns.virtual_digits);
        if (page.physical)
            fmt::format_to(out, "{:>{}x}\n", *page.physical, columns.physical_digits);
        else if (!page.swap_file.empty())
            fmt::format_to(out, "SWAP: {}  OFFSET: {}\n", escaped(page.swap_file), page.swap_page);
        else if (!page.file.empty())
            fmt::format_to(out, "FILE: {}  OFFSET: {:x}\n", escaped(page.file), page.file_offset);
        else
            fmt::format_to(out, "{}\n", page.unknown ? "(not known)" : "(not mapped)");
    }
}

void print_references(SpaceOut out, const TaskAddressSpace& space, const AreaColumns& columns) {
    bool behind_pages = false;
    for (const UserArea& area : space.areas) {
        if (behind_pages) print_area_header(out, columns);
        print_area(out, area, columns);
        behind_pages = !area.pages.empty();
        if (behind_pages) print_pages(out, area, columns);
    }
    fmt::format_to(out, "\n");
}

void print_space(SpaceOut out, const TaskAddressSpace& space, const AreaColumns& columns,
                 const AddressSpacePrinting& printing) {
    fmt::format_to(out, "{}", task_header(space.task));
    if (!printing.one_area) print_sizes(out, space, columns);
    if (space.mm == 0) return;
    if (!printing.pages && !printing.one_area && !(printing.reference && space.areas.empty()))
        print_area_header(out, columns);
    if (printing.reference) return print_references(out, space, columns);
    for (const UserArea& area : space.areas) {
        if (printing.pages || printing.one_area) print_area_header(out, columns);
        print_area(out, area, columns);
        if (printing.pages || printing.one_area) print_pages(out, area, columns);
    }
    if (printing.one_area && space.areas.empty()) fmt::format_to(out, "(not found)\n");
}

std::size_t pointer_width(unsigned virtual_digits) {
    return virtual_digits == 8 ? 8 : 16;
}

}  // namespace

std::string area_heading(unsigned virtual_digits) {
    return fmt::format("{} {} {}  FLAGS FILE\n", centered("VMA", pointer_width(virtual_digits)),
                       centered("START", virtual_digits, true), centered("END", virtual_digits, true));
}

std::string area_line(const UserArea& area, unsigned virtual_digits) {
    return fmt::format("{} {:>{}x} {:>{}x} {:>6x} {}\n",
                       centered(fmt::format("{:x}", area.area), pointer_width(virtual_digits)), area.start,
                       virtual_digits, area.end, virtual_digits, area.flags, escaped(area.file));
}

std::string to_text(const AddressSpaces& spaces, const AddressSpacePrinting& printing) {
    fmt::memory_buffer text;
    const SpaceOut out(text);
    const AreaColumns columns{spaces.virtual_digits == 8 ? 8u : 16u, spaces.virtual_digits,
                              spaces.physical_digits};
    bool first = true;
    for (const TaskAddressSpace& space : spaces.tasks) {
        if (!first && !printing.reference) fmt::format_to(out, "\n");
        first = false;
        print_space(out, space, columns, printing);
    }
    return fmt::to_string(text);
}

}  // namespace postmortem
