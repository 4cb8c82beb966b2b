#include <postmortem/triage.h>

#include "commands.h"
#include "progress.h"

namespace tool {
namespace {

Syntax syntax() {
    Syntax syntax{
        "DIR|DUMP|LOG...",
        "Groups many dumps and logs by what they died of: how often, since when, on which kernels and\n"
        "hosts. Folders are searched, and a log that was saved beside its dump is counted once.\n"
        "Exit status 0: every file could be used; 1: some could not; 4: there is no crash in any.\n\n"
        "  postmortem triage /var/crash\n"};
    syntax.input = "folder, dump or log";
    syntax.many_inputs = true;
    syntax.has_ndjson = true;
    return syntax;
}

int read(const Arguments& arguments, Output& output) {
    std::vector<std::filesystem::path> paths{arguments.dump};
    paths.insert(paths.end(), arguments.rest.begin(), arguments.rest.end());
    Progress progress("analysed");
    postmortem::TriageOptions options;
    options.input = arguments.input_options();
    options.progress = [&](std::size_t done, std::size_t all) { progress.show(done, all); };
    const postmortem::Triage result = postmortem::triage(paths, options);
    progress.clear();
    const int code = print(arguments, result, output);
    if (code != whole_answer) return code;
    if (result.unusable > 0) return partial_answer;
    return result.groups.empty() ? nothing_found : whole_answer;
}

}  // namespace

const Command triage_command = {"triage", "group many dumps and logs by what they died of", syntax, nullptr,
                                read};

}  // namespace tool
