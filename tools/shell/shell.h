// The shell's loop: a line is read, taken apart, answered by the process that reads the dump, and the answer
// goes where the line says.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "command.h"
#include "shell/aliases.h"
#include "shell/command_line.h"
#include "shell/destination.h"
#include "shell/line_source.h"
#include "shell/reader.h"
#include "shell/watched_files.h"

namespace tool::shell {

class Shell {
  public:
    /// Borrows both.
    Shell(Reader& reader, const Arguments& arguments) : reader_(reader), arguments_(arguments) {}

    /// Reads and answers until the lines end or `q`. False where one of them had no whole answer.
    bool run(LineSource& lines);
    /// The same of a file; a file that is not there is no answer.
    bool run_file(const std::string& path, bool echo);
    /// The same, but that settings and aliases are not told.
    void run_rc_file(const std::string& path);

    /// Opens the dump; where that is wanted, tells of it, and of the task that all is about.
    int greet(bool with_banner);
    /// False where what it told of the dump was not all of it.
    bool banner_is_whole() const { return banner_is_whole_; }

    std::vector<std::string> complete(std::string_view typed);
    void set_silent() { silent_ = true; }

  private:
    int run_line(std::string_view line, LineSource& lines);
    int run_command(const CommandLine& line, LineSource& lines);
    int run_for_each_line(const CommandLine& line, LineSource& lines);
    int answer(const std::vector<std::string>& words, LineSource& lines, Destination& destination);
    int ask(const std::vector<std::string>& words, Destination& destination);
    int ask_reader(const std::vector<std::string>& words, Destination& destination);

    int set(const std::vector<std::string>& words, Destination& destination);
    int set_variable(const std::string& name, const std::string& value, Destination& destination);
    int alias(const std::vector<std::string>& words, Destination& destination);
    int extend(const std::vector<std::string>& words, Destination& destination);
    int help(const std::vector<std::string>& words, Destination& destination);
    int repeat(std::vector<std::string> words, LineSource& lines, Destination& destination);
    std::string recalled(std::string_view line, const LineSource& lines);

    Destination destination_of(const CommandLine& line) const;
    bool names_the_dump(const std::string& file) const;
    Destination::Pager pager() const;
    int complain(const std::string& sentence) const;

    /// A program of the user's: it gets the JSON of a command.
    struct Extension {
        std::string program;
        std::string command;
    };

    Reader& reader_;
    const Arguments& arguments_;
    WatchedFiles dump_files_;
    Aliases aliases_;
    std::map<std::string, Extension> extensions_;
    bool scroll_ = true;
    bool silent_ = false;
    bool banner_is_whole_ = true;
    unsigned radix_ = 10;
    unsigned files_open_ = 0;
    bool at_end_ = false;
    bool in_rc_file_ = false;
};

}  // namespace tool::shell
