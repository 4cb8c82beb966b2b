#include <charconv>

#include <postmortem/interrupt_vectors.h>
#include <postmortem/interrupts.h>

#include "commands.h"
#include "cpu_list.h"

namespace tool {
namespace {

using postmortem::InterruptView;

Syntax syntax() {
    Syntax syntax{"DUMP [NUMBER...]",
                  "Shows the interrupt lines as crash does: descriptors, and who serves them.\n\n"
                  "  postmortem irq -s vmcore\n"
                  "  postmortem irq vmcore 4 8\n"};
    syntax.has_ndjson = true;
    syntax.options = {on_or_off("in-use,u", "lines that have a descriptor alone"),
                      on_or_off("affinities,a", "which CPUs may serve which line"),
                      on_or_off("counts,s", "how often each came on each CPU, as /proc/interrupts"),
                      on_or_off("descriptors,d",
                                "the vectors of exceptions and interrupts: the interrupt descriptor table"),
                      on_or_off("bottom-halves,b", "what is done behind interrupts: softirqs"),
                      text("cpus,c", "CPUS", "with -s: the counts of these CPUs alone: 3, or 1,8,9-14")};
    syntax.rules.first_given = {{"affinities", "bottom-halves", "descriptors"}};
    for (const char* view : {"affinities", "bottom-halves", "descriptors"})
        syntax.rules.covers.push_back({view, {"counts", "in-use", "cpus"}});
    syntax.rules.ranks = {{"counts", "in-use"}};
    syntax.rules.only_with = {{"cpus", {"counts"}}};
    syntax.rules.drops_operands = {"bottom-halves", "descriptors"};
    return syntax;
}

InterruptView view_of(const Arguments& arguments) {
    if (arguments.has("bottom-halves")) return InterruptView::SoftIrqs;
    if (arguments.has("affinities")) return InterruptView::Affinities;
    if (arguments.has("counts")) return InterruptView::Counts;
    return arguments.has("in-use") ? InterruptView::UsedLines : InterruptView::Lines;
}

int ask(const postmortem::CrashDump& dump, const Arguments& arguments, Output& output) {
    if (arguments.has("descriptors")) {
        const auto table = postmortem::interrupt_vectors(dump);
        return table ? print(arguments, *table, output) : output.finish(table.error());
    }
    postmortem::InterruptRequest request;
    for (const std::string& word : arguments.rest) {
        std::uint32_t number = 0;
        const auto [rest, error] = std::from_chars(word.data(), word.data() + word.size(), number);
        if (error != std::errc() || rest != word.data() + word.size())
            return output.complain("irq: '" + word + "' is no number of an interrupt line");
        request.numbers.push_back(number);
    }
    if (arguments.has("cpus")) {
        const auto chosen = cpus_of(arguments.text("cpus"));
        if (!chosen)
            return output.complain("irq: -c takes CPUs such as 3 or 1,8,9-14, not '" +
                                   arguments.text("cpus") + "'");
        request.cpus = *chosen;
    }
    const auto table = postmortem::interrupts(dump, request);
    if (!table) return output.finish(table.error());
    if (arguments.json || arguments.ndjson) return print(arguments, *table, output);
    return output.finish(postmortem::to_text(*table, view_of(arguments)), table->problems);
}

}  // namespace

const Command irq_command = {"irq", "interrupt lines: who serves them, how often they came", syntax, ask,
                             nullptr};

}  // namespace tool
