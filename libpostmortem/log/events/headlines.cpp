#include "log/events/headlines.h"

#include <algorithm>
#include <array>

#include "log/events/details.h"
#include "log/events/frame.h"
#include "log/events/headline_start.h"
#include "log/events/undecoded.h"
#include "log/text/cursor.h"

namespace postmortem {
namespace {

constexpr std::array<std::string_view, 12> marks = {"Linux version ",
                                                    "Booting Linux on",
                                                    "U-Boot ",
                                                    "coreboot-",
                                                    "SeaBIOS (version",
                                                    "---[ end trace",
                                                    "vmalloc: allocation failure:",
                                                    "FAULT_INJECTION: forcing a failure",
                                                    "FAULT_FLAG_ALLOW_RETRY missing",
                                                    "---[ end Kernel panic",
                                                    "Rebooting in ",
                                                    "elfcorehdr="};
enum Mark {
    Banner,
    ArmBanner,
    FirstFirmware,
    EndOfTrace = 5,
    FirstOfAnother,
    CrashImage = marks.size() - 1,
    FirstOfOops
};
constexpr std::array<std::string_view, 3> parts_of_oops = {" Comm: ", "Call Trace:", "Call trace:"};

constexpr unsigned long all_from(unsigned first, unsigned end) {
    return ((1ul << end) - 1) & ~0ul << first;
}
constexpr unsigned long boot_marks = all_from(Banner, EndOfTrace),
                        firmware_marks = all_from(FirstFirmware, EndOfTrace),
                        another_marks = all_from(FirstOfAnother, CrashImage);

const std::vector<Trigger>& triggers() {
    return RuleBook::standard().triggers();
}

/// The triggers, then the marks, then the parts of an oops.
std::vector<std::string_view> literals() {
    std::vector<std::string_view> all;
    for (const Trigger& trigger : triggers()) all.push_back(trigger.literal);
    all.insert(all.end(), marks.begin(), marks.end());
    all.insert(all.end(), parts_of_oops.begin(), parts_of_oops.end());
    all.insert(all.end(), labels_of_place.begin(), labels_of_place.end());
    return all;
}

std::size_t number_of_die_trigger() {
    static const std::size_t number = static_cast<std::size_t>(
        std::find_if(triggers().begin(), triggers().end(),
                     [](const Trigger& trigger) { return trigger.literal == die_literal; }) -
        triggers().begin());
    return number;
}

bool is_headline(const CompiledRule& rule, std::string_view text) {
    const auto match = rule.head.find(text);
    if (!match) return false;
    return rule.rule->behind_name ? follows_task_name(text, match->begin) : opens_message(text, match->begin);
}

// "WARNING:TYPO_SPELLING: ..." are another program's words.
bool stands_before_blank(std::string_view literal, std::string_view text, std::size_t at) {
    const std::string_view behind = text.substr(std::min(text.size(), at + literal.size()));
    return behind.empty() || is_blank(behind.front());
}

}  // namespace

Meeting Headline::meeting() const {
    return (rule ? rule->rule->meeting : std::nullopt).value_or(trigger->meeting);
}

WordsOfLine::WordsOfLine(const LiteralScanner::Found& found)
    : found_(found), marks_((found >> triggers().size()).to_ulong()) {}

bool WordsOfLine::has_trigger() const {
    static const LiteralScanner::Found all =
        LiteralScanner::Found().set() >> (found_.size() - triggers().size());
    return (found_ & all).any();
}

bool WordsOfLine::counts_oopses() const {
    return found_.test(number_of_die_trigger());
}

bool WordsOfLine::begins_boot() const {
    return (marks_ & boot_marks) != 0;
}

bool WordsOfLine::names_firmware_alone() const {
    return begins_boot() && (marks_ & boot_marks & ~firmware_marks) == 0;
}

bool WordsOfLine::ends_trace() const {
    return (marks_ >> EndOfTrace & 1) != 0;
}

bool WordsOfLine::begins_anothers_lines() const {
    return (marks_ & another_marks) != 0;
}

bool WordsOfLine::names_crash_image() const {
    return (marks_ >> CrashImage & 1) != 0;
}

bool WordsOfLine::is_part_of_oops() const {
    return marks_ >> FirstOfOops != 0;
}

bool WordsOfLine::names_task() const {
    return (marks_ >> FirstOfOops & 1) != 0;
}

HeadlineFinder::HeadlineFinder() : scanner_(literals()) {}

// The scanner knows the first oops by its "[#1]"; later ones have any number.
WordsOfLine HeadlineFinder::words_of(std::string_view text) const {
    LiteralScanner::Found found = scanner_.find(text);
    if (const std::size_t die = number_of_die_trigger(); !found.test(die) && die_count_of(text))
        found.set(die);
    return WordsOfLine(found);
}

Headline HeadlineFinder::headline_of(const LogRecord& record, const WordsOfLine& words,
                                     const Surroundings& where) const {
    // Firmware and userland use the same words, but their lines carry no kernel time.
    const bool is_foreign =
        !record.seconds && record.program.empty() && (where.saw_kernel_time || where.in_firmware);
    for (std::size_t i = 0; i < triggers().size(); ++i) {
        if (!words.has_trigger(i)) continue;
        const Trigger& trigger = triggers()[i];
        if (std::any_of(trigger.unless.begin(), trigger.unless.end(),
                        [&](const Pattern& unless) { return unless.find(record.text).has_value(); })) {
            continue;
        }
        const Undecoded plain = undecoded(record.text);
        const std::string_view text = plain.text.empty() ? record.text : std::string_view(plain.text);
        for (const CompiledRule& rule : trigger.rules) {
            // Every machine that starts says so; unexpected it is behind words of the kernel.
            if (rule.rule->event_class == EventClass::Reboot && !where.saw_kernel_time) continue;
            const bool is_unknown = rule.rule->event_class >= EventClass::OtherBug;
            if ((!is_foreign || !is_unknown) && is_headline(rule, text)) return {&trigger, &rule};
        }
        if (!trigger.otherwise || is_foreign) continue;
        const std::size_t at = record.text.find(trigger.literal);
        if (stands_before_blank(trigger.literal, record.text, at) && opens_message(record.text, at))
            return {&trigger, nullptr};
    }
    return {};
}

bool opens_with_firmware(std::string_view text) {
    return std::any_of(marks.begin() + FirstFirmware, marks.begin() + EndOfTrace,
                       [text](std::string_view firmware) { return text.starts_with(firmware); });
}

}  // namespace postmortem
