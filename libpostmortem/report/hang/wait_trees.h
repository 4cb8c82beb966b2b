// Who waits for whom, as trees: each task hangs below the one that it waits for, and the root waits for none
// of them, or for a ring of which it is part.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include <postmortem/hang.h>

namespace postmortem {

/// Indices are those of the tasks that it was made of.
struct WaitTree {
    std::vector<std::size_t> ring;     ///< more than none: these wait for each other, each for the next one
    std::optional<std::size_t> root;   ///< a task
    std::string thing;                 ///< or something else
    std::string thing_role;            ///< and what of it
    std::vector<std::size_t> members;  ///< all tasks that stand behind it, the root and the ring not counted
    bool certain = true;  ///< every link of the ring is proven; a wait for the thing cannot end without it

    HangTree shown;
};

/// The tree with the most members first. A task that nobody waits for and that waits for nobody is in none.
std::vector<WaitTree> make_wait_trees(const std::vector<HangTask>& tasks);

/// "waits for mutex cgroup_mutex (ffffffff82334220), which sh (pid 12) holds"
std::string wait_in_words(const HangTask& task);
/// What a task does that waits for none: where it sleeps, runs, or stands in line.
std::string state_in_words(const HangTask& task);
/// "mutex_lock < do_exit": the innermost functions of a stack.
std::string place_in_words(const std::vector<std::string>& functions);
std::string name_in_words(const TaskMention& task);
std::string wait_object_in_words(const HangWait& wait);

}  // namespace postmortem
