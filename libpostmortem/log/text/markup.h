// What web pages, trackers and chats put into the text of a log: HTML, Markdown.
#pragma once

#include <string>
#include <string_view>

#include "log/text/log_form.h"

namespace postmortem {

/// Whether most brackets and underscores of a text bear a backslash: Markdown that was escaped.
bool is_escaped_markdown(std::string_view text);

bool has_tag(std::string_view line);
bool has_entity(std::string_view line);
/// A bracket that HTML would have written "&lt;".
bool has_bare_bracket(std::string_view line);

/// Goes through a log from line to line.
/// `    "text",` as text; the line itself where it is none.
std::string_view unquoted(std::string_view line);

class MarkupRemover {
  public:
    /// Copies a line to `out` without the markup of the log's form: entities and tags of HTML ("<br>" ends a
    /// line), the marks of code and of bold type, backslashes. False where there is none.
    bool take_out(std::string_view line, const LogForm& form, std::string& out);

  private:
    bool in_code_ = false;
};

}  // namespace postmortem
