#include "commands.h"

namespace tool {

int signature(const std::vector<std::string>& words) {
    namespace po = boost::program_options;
    Syntax syntax{
        "signature", "DUMP|LOG|-",
        "Prints one line that is the same for the same bug on every build and every boot: a short id and\n"
        "a title in syzkaller's vocabulary. It is that of the event that killed the machine; with --all\n"
        "every event's. Exit status 4: the log tells of no crash.\n\n"
        "  postmortem signature /var/crash/202611210239\n"};
    syntax.options.add_options()("all", po::bool_switch(), "every event, in the order of the log");
    syntax.input = "dump or log";
    syntax.most_operands = 0;
    auto [arguments, code] = parse(syntax, words);
    if (!arguments) return code;
    const auto analysis = analyse(*arguments, false);
    if (!analysis) return refuse(analysis.error());
    code = finish(arguments->json ? postmortem::signature_to_json(*analysis)
                                  : postmortem::signature_to_text(*analysis, arguments->flag("all")),
                  analysis->problems);
    // Where something is missing, the crash may be what is missing.
    return analysis->cause() || code != whole_answer ? code : nothing_found;
}

}  // namespace tool
