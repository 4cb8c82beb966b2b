#include "commands.h"

namespace tool {
namespace {

int answer(postmortem::PanicAnalysis analysis, const Arguments& arguments, Output& output) {
    add_lost_pages(analysis);
    const int code =
        output.finish(arguments.json ? postmortem::signature_to_json(analysis)
                                     : postmortem::signature_to_text(analysis, arguments.has("all")),
                      analysis.problems);
    // Where something is missing, the crash may be what is missing.
    return analysis.cause() || code != whole_answer ? code : nothing_found;
}

Syntax syntax() {
    Syntax syntax{
        "DUMP|LOG|-",
        "Prints one line that is the same for the same bug on every build and every boot: a short id and\n"
        "a title in syzkaller's vocabulary. It is that of the event that killed the machine; with --all\n"
        "every event's. Exit status 4: the log tells of no crash.\n\n"
        "  postmortem signature /var/crash/202611210239\n"};
    syntax.options = {on_or_off("all", "every event, in the order of the log")};
    syntax.input = "dump or log";
    syntax.most_operands = 0;
    return syntax;
}

int ask(const postmortem::CrashDump& dump, const Arguments& arguments, Output& output) {
    return answer(postmortem::analyse_crash(dump, false), arguments, output);
}

int read(const Arguments& arguments, Output& output) {
    const auto analysis = postmortem::analyse_crash(arguments.dump);
    return analysis ? answer(*analysis, arguments, output) : output.refuse(analysis.error());
}

}  // namespace

const Command signature_command = {"signature", "a title and a short id that are the same for the same bug",
                                   syntax, ask, read};

}  // namespace tool
