// `irq` as crash prints it.
#include <fmt/format.h>

#include <postmortem/interrupts.h>

#include "base/text.h"

namespace postmortem {
namespace {

std::string in_the_middle(std::string_view text, std::size_t width) {
    const std::size_t spare = width > text.size() ? width - text.size() : 0;
    return std::string(spare / 2, ' ') + std::string(text) + std::string(spare - spare / 2, ' ');
}

std::string lines_text(const InterruptTable& table, bool used_only) {
    const std::size_t digits = table.address_digits;
    const std::string unused = in_the_middle("(unused)", digits);
    std::string out = fmt::format(" IRQ  {}  {}  NAME\n", in_the_middle("IRQ_DESC/_DATA", digits),
                                  in_the_middle("IRQACTION", digits));
    for (const IrqLine& line : table.lines) {
        if (used_only && line.descriptor == 0) continue;
        out += fmt::format("{} {}  ", in_the_middle(fmt::format("{}", line.number), 5),
                           line.descriptor ? fmt::format("{:0{}x}", line.descriptor, digits) : unused);
        if (line.actions.empty()) out += unused + "  \n";
        for (std::size_t i = 0; i < line.actions.size(); ++i) {
            if (i > 0) out.append(3 + 3 + digits + 2, ' ');
            out += fmt::format("{:0{}x}  \"{}\"\n", line.actions[i].address, digits,
                               escaped(line.actions[i].name));
        }
    }
    return out;
}

std::string action_names(const IrqLine& line) {
    std::string names;
    for (const IrqAction& action : line.actions) names += (names.empty() ? "" : ", ") + escaped(action.name);
    return names;
}

// "0-3,7"
std::string cpu_ranges(const std::vector<std::uint32_t>& cpus) {
    std::string text;
    for (std::size_t i = 0; i < cpus.size();) {
        std::size_t end = i;
        while (end + 1 < cpus.size() && cpus[end + 1] == cpus[end] + 1) ++end;
        text += fmt::format("{}{}", text.empty() ? "" : ",", cpus[i]);
        if (end > i) text += fmt::format("-{}", cpus[end]);
        i = end + 1;
    }
    return text;
}

std::string affinities_text(const InterruptTable& table) {
    std::string out = "IRQ NAME                 AFFINITY\n";
    for (const IrqLine& line : table.lines)
        if (!line.actions.empty())
            out +=
                fmt::format("{:>3} {:<20} {}\n", line.number, action_names(line), cpu_ranges(line.affinity));
    return out;
}

std::string counts_text(const InterruptTable& table) {
    std::string out = "     ";
    for (const std::uint32_t cpu : table.cpus) out += fmt::format("{:>10} ", fmt::format("CPU{}", cpu));
    out += '\n';
    for (const IrqLine& line : table.lines) {
        if (line.actions.empty()) continue;
        out += fmt::format("{:>3}: ", line.number);
        for (const auto& count : line.counts)
            out += fmt::format("{:>10} ", count ? fmt::format("{}", *count) : "-");
        out += fmt::format("{:>8}-{:<8} {}\n", escaped(line.chip), escaped(line.flow), action_names(line));
    }
    return out;
}

std::string softirqs_text(const InterruptTable& table) {
    const std::size_t digits = table.address_digits;
    std::string out = fmt::format("SOFTIRQ_VEC {}\n", in_the_middle("ACTION", digits));
    for (const SoftIrq& one : table.softirqs)
        out += fmt::format("{:>7}     {:0{}x}  <{}>\n", fmt::format("[{}]", one.number), one.action, digits,
                           one.function.empty() ? "?" : escaped(one.function));
    return out;
}

}  // namespace

std::string to_text(const InterruptTable& table, InterruptView view) {
    switch (view) {
        case InterruptView::Affinities: return affinities_text(table);
        case InterruptView::Counts: return counts_text(table);
        case InterruptView::SoftIrqs: return softirqs_text(table);
        case InterruptView::Lines:
        case InterruptView::UsedLines: break;
    }
    return lines_text(table, view == InterruptView::UsedLines);
}

}  // namespace postmortem
