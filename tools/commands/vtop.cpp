#include <postmortem/translation.h>

#include "commands.h"

namespace tool {
namespace {

using postmortem::TranslationRequest;

Syntax vtop_syntax() {
    Syntax syntax{"DUMP ADDRESS...",
                  "Translates virtual addresses to physical ones, table by table, as crash does: kernel\n"
                  "addresses by the kernel's tables, user addresses by those of the task that brought the\n"
                  "kernel down, or of -c. ADDRESS is hexadecimal, or a symbol.\n\n"
                  "  postmortem vtop vmcore ffffffffa0e1aa40\n"
                  "  postmortem vtop vmcore -c 1 401000\n"
                  "  postmortem foreach vmcore user vtop 401000\n"};
    syntax.has_ndjson = true;
    syntax.words_in_foreach = true;
    syntax.options = {text("context,c", "PID|TASK", "by the tables of this task"),
                      on_or_off("user,u", "the addresses are a task's, whatever they look like"),
                      on_or_off("kernel,k", "the addresses are the kernel's, whatever they look like")};
    syntax.rules.exclusive = {{"user", "kernel"}};
    syntax.rules.not_in_foreach = {"context"};
    return syntax;
}

int ask_vtop(const postmortem::CrashDump& dump, const Arguments& arguments, Output& output) {
    TranslationRequest request;
    if (arguments.has("context")) request.kind = TranslationRequest::Kind::ByAddressOfTask;
    if (arguments.has("user")) request.kind = TranslationRequest::Kind::User;
    if (arguments.has("kernel")) request.kind = TranslationRequest::Kind::Kernel;
    request.each_task = arguments.in_foreach;
    if (arguments.in_foreach) {
        request.addresses = arguments.words;
        request.which.selectors = arguments.rest;
    } else {
        request.addresses = arguments.rest;
        if (!arguments.context.empty()) request.which.selectors = {arguments.context};
        if (arguments.has("context")) request.which.selectors = {arguments.text("context")};
    }
    if (request.addresses.empty())
        return output.complain("vtop: no address is given; see `postmortem vtop --help`");
    const auto translations = postmortem::translate_addresses(dump, request);
    return translations ? print(arguments, *translations, output) : output.finish(translations.error());
}

Syntax pte_syntax() {
    Syntax syntax{
        "DUMP CONTENTS...",
        "Says what the contents of a page-table entry mean: the page and its flags, or where it was\n"
        "swapped to.\n\n"
        "  postmortem pte vmcore 8000000012345063\n"};
    return syntax;
}

int ask_pte(const postmortem::CrashDump& dump, const Arguments& arguments, Output& output) {
    if (arguments.rest.empty()) return output.complain("pte: no entry is given; see `postmortem pte --help`");
    const auto entries = postmortem::page_table_entries(dump, arguments.rest);
    return entries ? print(arguments, *entries, output) : output.finish(entries.error());
}

}  // namespace

const Command vtop_command = {"vtop", "the physical address of a virtual one, table by table", vtop_syntax,
                              ask_vtop, nullptr};
const Command pte_command = {"pte", "what a page-table entry says", pte_syntax, ask_pte, nullptr};

}  // namespace tool
