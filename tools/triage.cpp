#include <postmortem/triage.h>

#include "commands.h"
#include "progress.h"

namespace tool {

int triage(const std::vector<std::string>& words) {
    Syntax syntax{
        "triage", "DIR|DUMP|LOG...",
        "Groups many dumps and logs by what they died of: how often, since when, on which kernels and\n"
        "hosts. Folders are searched, and a log that was saved beside its dump is counted once.\n"
        "Exit status 0: every file could be used; 1: some could not; 4: there is no crash in any.\n\n"
        "  postmortem triage /var/crash\n"};
    syntax.input = "folder, dump or log";
    syntax.has_ndjson = true;
    auto [arguments, code] = parse(syntax, words);
    if (!arguments) return code;
    std::vector<std::filesystem::path> paths{arguments->dump};
    paths.insert(paths.end(), arguments->rest.begin(), arguments->rest.end());
    Progress progress("analysed");
    postmortem::TriageOptions options;
    if (arguments->vmlinux) options.input.dump.vmlinux = *arguments->vmlinux;
    options.progress = [&](std::size_t done, std::size_t all) { progress.show(done, all); };
    const postmortem::Triage result = postmortem::triage(paths, options);
    progress.clear();
    code = print(*arguments, result);
    if (code != whole_answer) return code;
    if (result.unusable > 0) return partial_answer;
    return result.groups.empty() ? nothing_found : whole_answer;
}

}  // namespace tool
