// Reads cgroup paths as kubelet, the container runtimes, systemd and the batch systems lay them out, with the
// systemd driver (kubepods-burstable-podUID.slice) and with the cgroupfs driver (kubepods/burstable/podUID).
#include <algorithm>
#include <array>
#include <vector>

#include <fmt/format.h>

#include <postmortem/cgroup.h>

#include "base/text.h"
#include "log/text/cursor.h"

namespace postmortem {
namespace {

bool is_container_id(std::string_view text) {
    return text.size() >= 12 && text.size() <= 64 && std::all_of(text.begin(), text.end(), is_hex);
}

std::string_view without_suffix(std::string_view text, std::string_view suffix) {
    return text.ends_with(suffix) ? text.substr(0, text.size() - suffix.size()) : text;
}

// systemd writes "\x2d" for a dash inside a name.
std::string unescaped(std::string_view text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text.substr(i).starts_with("\\x") && i + 3 < text.size()) {
            const auto code = parse_u64(text.substr(i + 2, 2), 16);
            if (code && *code >= 0x20 && *code < 0x7f) {
                out += static_cast<char>(*code);
                i += 3;
                continue;
            }
        }
        out += text[i];
    }
    return out;
}

struct RuntimePrefix {
    std::string_view prefix;
    std::string_view runtime;
};

// "cri-containerd-ID.scope"; a ':' instead of the dash where kubelet and runtime disagree about the driver.
constexpr std::array<RuntimePrefix, 8> runtime_prefixes = {{
    {"cri-containerd", "containerd"},
    {"nerdctl", "containerd"},
    {"containerd", "containerd"},
    {"crio-conmon", "cri-o (conmon)"},
    {"crio", "cri-o"},
    {"docker", "docker"},
    {"libpod-conmon", "podman (conmon)"},
    {"libpod", "podman"},
}};

void read_container(std::string_view part, CgroupName& name) {
    if (const std::size_t colon = part.rfind(':'); colon != std::string_view::npos) {
        const std::string_view id = part.substr(colon + 1);
        std::string_view runtime = part.substr(0, colon);
        runtime = runtime.substr(runtime.rfind(':') + 1);
        if (!is_container_id(id)) return;
        name.container_id = std::string(id);
        for (const RuntimePrefix& known : runtime_prefixes) {
            if (known.prefix == runtime) name.runtime = std::string(known.runtime);
        }
        return;
    }
    const std::string_view scope = without_suffix(part, ".scope");
    for (const RuntimePrefix& known : runtime_prefixes) {
        if (!scope.starts_with(known.prefix)) continue;
        std::string_view id = scope.substr(known.prefix.size());
        if (!id.starts_with('-') || !is_container_id(id.substr(1))) continue;
        name.runtime = std::string(known.runtime);
        name.container_id = std::string(id.substr(1));
        return;
    }
}

// "pod9f2c4b21_...", where systemd's slices write underscores for dashes.
void read_pod(std::string_view part, CgroupName& name) {
    const std::string_view slice = without_suffix(part.substr(0, part.find(".slice:")), ".slice");
    std::size_t at = slice.starts_with("pod") ? 0 : slice.find("-pod");
    if (at == std::string_view::npos) return;
    at += slice[at] == '-' ? 4 : 3;
    const std::string_view uid = slice.substr(at);
    const bool plausible = uid.size() >= 8 && std::all_of(uid.begin(), uid.end(), [](char c) {
                               return is_alpha(c) || is_digit(c) || c == '_' || c == '-';
                           });
    if (!plausible) return;
    std::string dashed(uid);
    std::replace(dashed.begin(), dashed.end(), '_', '-');
    name.pod_uid = std::move(dashed);
}

// Everything below a "kubepods" folder or slice.
void read_kubernetes(const std::vector<std::string_view>& parts, CgroupName& name) {
    for (const std::string_view part : parts) {
        if (part.find("kubepods") != std::string_view::npos) name.kubernetes = true;
    }
    if (!name.kubernetes) return;
    for (std::size_t i = 0; i < parts.size(); ++i) {
        const bool guaranteed_so_far = !name.qos || *name.qos == "Guaranteed";
        if (guaranteed_so_far && parts[i].find("burstable") != std::string_view::npos)
            name.qos = "Burstable";
        else if (guaranteed_so_far && parts[i].find("besteffort") != std::string_view::npos)
            name.qos = "BestEffort";
        if (name.pod_uid) {
            if (is_container_id(parts[i]) && !name.container_id) name.container_id = std::string(parts[i]);
        } else {
            read_pod(parts[i], name);
        }
    }
    // Guaranteed pods lie in "kubepods" itself; without a pod the path is a class or all of them.
    if (!name.qos && name.pod_uid) name.qos = "Guaranteed";
}

bool is_unit(std::string_view part) {
    return part.ends_with(".service") || part.ends_with(".scope") || part.ends_with(".socket") ||
           part.ends_with(".mount") || part.ends_with(".swap");
}

// "user-1000.slice", "user@1000.service"
std::optional<std::uint64_t> user_of(std::string_view part) {
    Cursor cursor(part);
    if (!cursor.take("user-") && !cursor.take("user@")) return std::nullopt;
    const auto uid = cursor.number();
    return uid && cursor.peek() == '.' ? uid : std::nullopt;
}

void read_units(const std::vector<std::string_view>& parts, CgroupName& name) {
    bool in_user_manager = false;
    for (const std::string_view part : parts) {
        if (const auto uid = user_of(part)) name.user = uid;
        if (part.starts_with("user@")) in_user_manager = true;
        if (!is_unit(part)) continue;
        if (in_user_manager && !part.starts_with("user@"))
            name.user_unit = unescaped(part);
        else
            name.unit = unescaped(part);
    }
}

// "machine-qemu\x2d1\x2dweb.scope", "systemd-nspawn@web.service", "lxc.payload.web", "lxc/101",
// "qemu.slice/105.scope"
void read_machine(const std::vector<std::string_view>& parts, CgroupName& name) {
    for (std::size_t i = 0; i < parts.size(); ++i) {
        const std::string part = unescaped(parts[i]);
        const std::string_view scope = without_suffix(part, ".scope");
        const bool has_next = i + 1 < parts.size();
        if (scope.starts_with("machine-qemu-")) {
            const std::size_t dash = scope.find('-', 13);  // behind libvirt's own number
            name.runtime = "libvirt";
            name.machine = std::string(scope.substr(dash == std::string_view::npos ? 13 : dash + 1));
        } else if (scope.starts_with("machine-") && part.ends_with(".scope")) {
            name.machine = std::string(scope.substr(8));
        } else if (scope.starts_with("systemd-nspawn@")) {
            name.runtime = "nspawn";
            name.machine = std::string(without_suffix(scope.substr(15), ".service"));
        } else if (scope.starts_with("lxc.payload.")) {
            name.runtime = "lxc";
            name.machine = std::string(scope.substr(12));
        } else if ((scope == "lxc" || scope == "lxc.payload") && has_next) {
            name.runtime = "lxc";
            name.machine = std::string(parts[i + 1]);
        } else if (scope == "qemu.slice" && has_next) {
            name.runtime = "qemu";
            name.machine = std::string(without_suffix(parts[i + 1], ".scope"));
        }
    }
}

// Slurm's "job_123/step_0", YARN's "container_...", ECS', Nomad's and Mesos' allocations.
void read_job(const std::vector<std::string_view>& parts, CgroupName& name) {
    for (std::size_t i = 0; i < parts.size(); ++i) {
        const std::string_view part = parts[i];
        const std::string_view next = i + 1 < parts.size() ? parts[i + 1] : std::string_view();
        if (part.starts_with("job_")) {
            name.runtime = "slurm";
            name.job = std::string(part.substr(4));
        } else if (part.starts_with("container_") && i > 0) {
            name.runtime = "yarn";
            name.job = std::string(part);
        } else if (part == "ecs" && !next.empty()) {
            name.runtime = "ecs";
            name.job = std::string(parts.size() > i + 3 ? parts[i + 2] : next);
            if (is_container_id(parts.back())) name.container_id = std::string(parts.back());
        } else if (part.starts_with("ecstasks-")) {
            name.job = std::string(without_suffix(part.substr(9), ".slice"));
        } else if ((part == "nomad" || part == "share.slice" || part == "mesos" || part == "garden") &&
                   !next.empty()) {
            name.runtime = part == "share.slice" ? "nomad" : std::string(part);
            name.job = std::string(without_suffix(next, ".scope"));
        }
    }
}

CgroupName read_names(const std::vector<std::string_view>& parts) {
    CgroupName name;
    read_units(parts, name);
    read_machine(parts, name);
    read_job(parts, name);
    read_kubernetes(parts, name);
    for (std::size_t i = 0; i < parts.size(); ++i) {
        read_container(parts[i], name);
        const bool in_docker = parts[i] == "docker" && i + 1 < parts.size() && is_container_id(parts[i + 1]);
        if (in_docker && !name.kubernetes) {
            name.runtime = "docker";
            name.container_id = std::string(parts[i + 1]);
        }
    }
    // The scope that a runtime made for its container says nothing that the container's id does not.
    if (name.container_id && name.unit && name.unit->find(*name.container_id) != std::string::npos)
        name.unit.reset();
    if (name.container_id && name.user_unit && name.user_unit->find(*name.container_id) != std::string::npos)
        name.user_unit.reset();
    return name;
}

// What the last part of the path adds to the names of the parts before it.
CgroupLevel level_of(const CgroupName& name, std::vector<std::string_view> parts) {
    if (parts.empty()) return CgroupLevel::Root;
    const std::string_view last = parts.back();
    parts.pop_back();
    const CgroupName above = read_names(parts);
    if (name.container_id && name.container_id != above.container_id) return CgroupLevel::Container;
    if (name.pod_uid && name.pod_uid != above.pod_uid) return CgroupLevel::Pod;
    if (name.qos && name.qos != above.qos) return CgroupLevel::QosClass;
    if (name.kubernetes != above.kubernetes) return CgroupLevel::AllPods;
    if (name.machine && name.machine != above.machine) return CgroupLevel::Machine;
    // A batch system gives its steps and tasks the limit of their job.
    if (name.job && (name.job != above.job || name.runtime == "slurm")) return CgroupLevel::Job;
    if (name.user_unit && name.user_unit != above.user_unit) return CgroupLevel::UserUnit;
    if (last.ends_with(".slice")) return CgroupLevel::Slice;
    return name.unit && name.unit != above.unit ? CgroupLevel::Unit : CgroupLevel::Unknown;
}

}  // namespace

CgroupName name_cgroup(std::string_view path) {
    std::vector<std::string_view> parts;
    for (const std::string_view part : split(path.substr(0, 4096), '/')) {
        if (!part.empty()) parts.push_back(part);
    }
    CgroupName name = read_names(parts);
    name.level = level_of(name, std::move(parts));
    return name;
}

bool CgroupName::empty() const {
    return !container_id && !pod_uid && !qos && !unit && !user_unit && !user && !job && !machine &&
           !kubernetes;
}

std::string CgroupName::description() const {
    const bool is_all_pods = level == CgroupLevel::QosClass || level == CgroupLevel::AllPods;
    std::vector<std::string> parts;
    if (pod_uid)
        parts.push_back(fmt::format("pod {} ({})", *pod_uid, qos.value_or("class unknown")));
    else if (kubernetes)
        parts.push_back(
            fmt::format("{} {} pods", is_all_pods ? "all" : "part of the", qos.value_or("Kubernetes")));
    if (container_id) {
        const std::string_view shown = std::string_view(*container_id).substr(0, 12);
        parts.push_back(runtime ? fmt::format("container {} ({})", shown, *runtime)
                                : fmt::format("container {}", shown));
    }
    if (machine)
        parts.push_back(runtime ? fmt::format("machine {} ({})", *machine, *runtime) : "machine " + *machine);
    if (job) parts.push_back(runtime ? fmt::format("{} job {}", *runtime, *job) : "job " + *job);
    if (user_unit)
        parts.push_back(user ? fmt::format("{} of user {}", *user_unit, *user) : *user_unit);
    else if (unit && !machine)
        parts.push_back(user ? fmt::format("{} of user {}", *unit, *user) : *unit);
    else if (user && parts.empty())
        parts.push_back(fmt::format("user {}", *user));
    return fmt::format("{}", fmt::join(parts, ", "));
}

}  // namespace postmortem
