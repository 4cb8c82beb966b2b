// Takes one page after the other out of a dump and asks questions of the rest: an answer with exit status 0
// must be that from the whole dump. Each answer is given by a child of the process that has opened the dump
// and knows its symbols and types, so that it costs a millisecond.
//
// Usage: missing_pages DUMP QUESTIONS
// DUMP is kdump-compressed. QUESTIONS is a file with the words of a command on each line, without the dump.
// Exit status: 0 nothing is wrong, 1 something is (each is shown), 2 wrong usage.
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <optional>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

#include "command.h"
#include "kernel/kernel.h"
#include "missing_pages/page_descriptors.h"
#include "support/temp_dir.h"

namespace {

using postmortem::CrashDump;
using postmortem::test::PageDescriptors;
using Words = std::vector<std::string>;
using PageIndexes = std::vector<std::size_t>;

constexpr unsigned seconds = 60;
constexpr std::size_t at_once = 64;  // pages that are taken out together, as most make no difference
constexpr std::size_t parts = 4;     // that they are divided into where they do

struct Answer {
    int exit_code = tool::usage_error;
    std::string text, remarks;
};

/// What a command writes to.
class Stream {
  public:
    Stream() : file_(::open_memstream(&bytes_, &size_)) {}
    ~Stream() {
        std::fclose(file_);
        std::free(bytes_);
    }
    Stream(const Stream&) = delete;
    Stream& operator=(const Stream&) = delete;

    std::FILE* file() { return file_; }
    std::string text() { return std::fflush(file_), std::string(bytes_, size_); }

  private:
    char* bytes_ = nullptr;
    std::size_t size_ = 0;
    std::FILE* file_;
};

Answer ask(const CrashDump& dump, const Words& words) {
    Stream answers, remarks;
    tool::Output output(answers.file(), remarks.file());
    Answer answer;
    const tool::Command* const command = tool::find_command(words.front());
    if (command && command->ask) {
        auto parsed = tool::parse_for_open_dump(*command, {words.begin() + 1, words.end()}, output);
        answer.exit_code =
            parsed.arguments ? tool::ask(*command, dump, *parsed.arguments, output) : int{parsed.exit_code};
    }
    answer.text = answers.text();
    answer.remarks = remarks.text();
    return answer;
}

/// How an answer without some pages compares with that from the whole dump.
enum class Verdict { Same, Told, Wrong };

Verdict verdict_on(const Answer& whole, const Answer& answer) {
    if (answer.exit_code == whole.exit_code && answer.text == whole.text) return Verdict::Same;
    const bool says_so = answer.exit_code != tool::whole_answer && !answer.remarks.empty();
    return says_so ? Verdict::Told : Verdict::Wrong;
}

class Sweep {
  public:
    Sweep(const CrashDump& dump, PageDescriptors& pages, Words words, Answer whole)
        : dump_(dump), pages_(pages), words_(std::move(words)), whole_(std::move(whole)) {}

    void run() {
        PageIndexes chosen;
        for (std::size_t page = 0; page < pages_.count(); ++page) {
            chosen.push_back(page);
            if (chosen.size() < at_once && page + 1 < pages_.count()) continue;
            look_at(chosen);
            chosen.clear();
        }
    }

    std::size_t pages_that_count() const { return pages_that_count_; }
    const std::vector<std::uint64_t>& wrong() const { return wrong_; }

  private:
    void look_at(const PageIndexes& chosen) {
        const Verdict verdict = without(chosen);
        if (verdict == Verdict::Same) return;
        if (chosen.size() == 1) {
            ++pages_that_count_;
            if (verdict == Verdict::Wrong) wrong_.push_back(pages_.frame(chosen.front()));
            return;
        }
        const std::size_t step = (chosen.size() + parts - 1) / parts;
        for (std::size_t first = 0; first < chosen.size(); first += step)
            look_at({chosen.begin() + static_cast<std::ptrdiff_t>(first),
                     chosen.begin() + static_cast<std::ptrdiff_t>(std::min(first + step, chosen.size()))});
    }

    // The child sees the file as it is now, where the parent has not decoded it yet.
    Verdict without(const PageIndexes& chosen) {
        pages_.damage(chosen);
        const pid_t child = ::fork();
        if (child == 0) {
            ::alarm(seconds);
            ::_exit(static_cast<int>(verdict_on(whole_, ask(dump_, words_))));
        }
        int status = 0;
        const bool ended = child > 0 && ::waitpid(child, &status, 0) == child && WIFEXITED(status);
        pages_.mend(chosen);
        return ended ? static_cast<Verdict>(WEXITSTATUS(status)) : Verdict::Wrong;
    }

    const CrashDump& dump_;
    PageDescriptors& pages_;
    Words words_;
    Answer whole_;
    std::size_t pages_that_count_ = 0;
    std::vector<std::uint64_t> wrong_;
};

/// Its symbols and types are known from then on; nothing else is.
std::optional<CrashDump> open_dump(const std::filesystem::path& path) {
    auto dump = CrashDump::open(path);
    if (!dump || !dump->kernel().symbols() || !dump->kernel().types().find_struct("task_struct"))
        return std::nullopt;
    return std::move(*dump);
}

std::vector<Words> questions_of(const char* path) {
    std::vector<Words> questions;
    std::ifstream file(path);
    for (std::string line; std::getline(file, line);) {
        std::istringstream text(line);
        Words words;
        for (std::string word; text >> word;) words.push_back(word);
        if (!words.empty() && words.front() != "#") questions.push_back(words);
    }
    return questions;
}

std::string joined(const Words& words) {
    return fmt::format("{}", fmt::join(words, " "));
}

/// Says what the pages of a dump are to a question; false where one of them went missing without a word.
bool sweep(const std::filesystem::path& path, PageDescriptors& pages, const Words& words) {
    Answer whole;
    if (const auto dump = open_dump(path)) whole = ask(*dump, words);
    if (whole.exit_code != tool::whole_answer) {
        std::cout << fmt::format("{}: not whole even from all pages\n", joined(words));
        return true;
    }
    // Opened anew: no page that the question needs is decoded yet.
    const auto dump = open_dump(path);
    if (!dump) return false;
    Sweep sweep(*dump, pages, words, std::move(whole));
    sweep.run();
    std::cout << fmt::format("{}: {} pages count\n", joined(words), sweep.pages_that_count());
    for (const std::uint64_t frame : sweep.wrong())
        std::cout << fmt::format("  without page frame {:#x} another answer, as if it were whole\n", frame);
    std::cout << std::flush;
    return sweep.wrong().empty();
}

}  // namespace

int main(int count, char** words) {
    if (count != 3) {
        std::cerr << "Usage: missing_pages DUMP QUESTIONS\n";
        return 2;
    }
    const postmortem::test::TempDir folder;
    const std::filesystem::path copy = folder.path() / "vmcore";
    std::filesystem::copy_file(words[1], copy);
    auto pages = PageDescriptors::open(copy);
    const std::vector<Words> questions = questions_of(words[2]);
    if (!pages || questions.empty()) {
        std::cerr << fmt::format("{} is not kdump-compressed, or {} asks nothing\n", words[1], words[2]);
        return 2;
    }
    std::size_t faults = 0;
    for (const Words& question : questions) faults += sweep(copy, *pages, question) ? 0 : 1;
    std::cout << fmt::format("{} questions of {} pages, {} of them with wrong answers\n", questions.size(),
                             pages->count(), faults);
    return faults == 0 ? 0 : 1;
}
