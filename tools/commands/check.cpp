#include <algorithm>

#include <postmortem/files.h>
#include <postmortem/known_crashes.h>

#include "commands.h"
#include "progress.h"

namespace tool {
namespace {

using postmortem::CheckOutcome;
using postmortem::CheckResult;
using postmortem::KnownCrashes;

int exit_code_of(const std::vector<CheckResult>& results) {
    CheckOutcome worst = CheckOutcome::NoCrash;
    for (const CheckResult& result : results) worst = std::max(worst, result.outcome);
    switch (worst) {
        case CheckOutcome::NoCrash: return whole_answer;
        case CheckOutcome::Known: return known_crash;
        case CheckOutcome::New: return new_crash;
        case CheckOutcome::Unusable: return unusable_input;
    }
    return unusable_input;
}

// One entry for each new id, however often it was met.
std::string entries_of_new_crashes(const std::vector<CheckResult>& results, const std::string& note) {
    std::string text;
    std::vector<std::string> ids;
    for (const CheckResult& result : results) {
        for (const postmortem::CheckedEvent& checked : result.events) {
            const postmortem::LogEvent& event = result.analysis.events[checked.event];
            if (checked.outcome != CheckOutcome::New || checked.entry) continue;
            if (std::find(ids.begin(), ids.end(), event.id) != ids.end()) continue;
            ids.push_back(event.id);
            text += postmortem::to_known_entry(event, note);
        }
    }
    return text;
}

// Writes what --junit and --learn ask for.
postmortem::Result<void> write_files(const Arguments& arguments, const std::vector<CheckResult>& results,
                                     const KnownCrashes& known) {
    if (arguments.has("junit"))
        if (auto written =
                postmortem::write_file(arguments.text("junit"), postmortem::to_junit(results, known));
            !written)
            return written;
    if (!arguments.has("learn")) return {};
    const std::string entries = entries_of_new_crashes(results, arguments.text("note"));
    return entries.empty() ? postmortem::Result<void>()
                           : postmortem::append_to_file(arguments.text("learn"), entries);
}

std::vector<CheckResult> check_all(const Arguments& arguments, const KnownCrashes& known) {
    std::vector<std::string> inputs = arguments.rest;
    inputs.insert(inputs.begin(), arguments.dump);
    std::vector<CheckResult> results;
    Progress progress("checked");
    for (const std::string& input : inputs) {
        results.push_back(postmortem::check_crash(known, input, arguments.input_options()));
        progress.show(results.size(), inputs.size());
    }
    return results;
}

Syntax syntax() {
    Syntax syntax{
        "DUMP|LOG...",
        "For CI jobs: holds dumps and logs against files of known crashes and says which are new.\n"
        "Exit status, the worst of all inputs: 0 no crash, 5 known crashes only, 6 a new crash (or one that\n"
        "is marked as fixed), 3 an input that cannot be used, 2 wrong usage or a bad file of known "
        "crashes.\n\n"
        "A file of known crashes is a YAML list; all conditions of an entry must hold:\n"
        "  - id: 3f2a9c1b7d04            # a signature, or a list of them\n"
        "    title: \"kernel BUG in .*\"   # a regular expression, found anywhere in the title\n"
        "    frames: [ext4_.*, \"^vfs_\"]  # in this order in the call trace\n"
        "    log: \"I/O error, dev sd\"    # found in some line of the log\n"
        "    kernel: \">=5.10, <6.1.50\"\n"
        "    verdict: known              # known, fixed or ignore\n"
        "    link: https://bugs.example/1\n"
        "    note: what to tell whoever meets it\n\n"
        "The id of a torn report that names no place is that of all such reports: alone it matches "
        "nothing.\n\n"
        "  postmortem check --known crashes.yaml --junit report.xml console.log /var/crash/*\n"
        "  postmortem check --known crashes.yaml --learn crashes.yaml console.log\n"};
    syntax.options = {texts("known", "FILE", "a file of known crashes; may be given more than once"),
                      text("junit", "FILE", "write the results as JUnit XML, too"),
                      text("learn", "FILE", "append an entry for each new crash to FILE"),
                      text("note", "TEXT", "the note of the entries that --learn writes")};
    syntax.input = "dump or log";
    syntax.many_inputs = true;
    syntax.has_ndjson = true;
    syntax.changes = {"junit", "learn"};
    return syntax;
}

int read(const Arguments& arguments, Output& output) {
    std::vector<std::filesystem::path> files;
    for (const std::string& file : arguments.texts("known")) files.emplace_back(file);
    const auto known = KnownCrashes::load(files);
    if (!known) return output.complain(postmortem::describe(known.error()), usage_error);
    const std::vector<CheckResult> results = check_all(arguments, *known);
    if (const auto written = write_files(arguments, results, *known); !written)
        return output.refuse(written.error());
    const int written = output.finish(arguments.ndjson ? postmortem::to_ndjson(results, *known)
                                      : arguments.json ? postmortem::to_json(results, *known)
                                                       : postmortem::to_text(results, *known),
                                      {});
    return written == whole_answer ? exit_code_of(results) : written;
}

}  // namespace

const Command check_command = {"check", "for CI: is this crash known, new, or none?", syntax, nullptr, read};

}  // namespace tool
