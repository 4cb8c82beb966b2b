#include <string>

#include <doctest/doctest.h>

#include <postmortem/cgroup.h>

namespace cgroup_name_test {

using namespace postmortem;

namespace {
const std::string id = "3f8a9c2b1d4e5f6a7b8c9d0e1f2a3b4c5d6e7f8a9b0c1d2e3f4a5b6c7d8e9f0a";
}

TEST_CASE("Kubernetes pods, with both cgroup drivers") {
    CgroupName name = name_cgroup(
        "/kubepods.slice/kubepods-burstable.slice/"
        "kubepods-burstable-podeded8c65_6e8e_4c6e_a889_3e427565c740.slice/"
        "cri-containerd-" +
        id + ".scope");
    CHECK(name.kubernetes);
    CHECK(name.qos == "Burstable");
    CHECK(name.pod_uid == "eded8c65-6e8e-4c6e-a889-3e427565c740");
    CHECK(name.container_id == id);
    CHECK(name.runtime == "containerd");
    CHECK_FALSE(name.unit);
    CHECK(name.description() ==
          "pod eded8c65-6e8e-4c6e-a889-3e427565c740 (Burstable), container 3f8a9c2b1d4e (containerd)");

    name = name_cgroup("/kubepods/besteffort/pod95387fa4-da9c-11e7-9d36-5254b24cbf5e/" + id);
    CHECK(name.qos == "BestEffort");
    CHECK(name.pod_uid == "95387fa4-da9c-11e7-9d36-5254b24cbf5e");
    CHECK(name.container_id == id);

    name = name_cgroup("/kubepods/pod95387fa4-da9c-11e7-9d36-5254b24cbf5e/" + id);
    CHECK(name.qos == "Guaranteed");

    // A static pod's UID is a hash without dashes; kind nests kubelet's tree in a container's.
    name = name_cgroup("/docker/" + id +
                       "/kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-burstable.slice/"
                       "kubelet-kubepods-burstable-pod0123456789abcdef0123456789abcdef.slice/crio-" +
                       std::string(64, 'a') + ".scope");
    CHECK(name.pod_uid == "0123456789abcdef0123456789abcdef");
    CHECK(name.runtime == "cri-o");
    CHECK(name.container_id == std::string(64, 'a'));

    // kubelet on systemd, the runtime on cgroupfs
    name = name_cgroup(
        "/system.slice/containerd.service/"
        "kubepods-burstable-pod1f2e3d4c_0000_1111_2222_333344445555.slice:cri-containerd:" +
        id);
    CHECK(name.pod_uid == "1f2e3d4c-0000-1111-2222-333344445555");
    CHECK(name.runtime == "containerd");
    CHECK(name.container_id == id);

    name = name_cgroup("/kubepods.slice/kubepods-burstable.slice");
    CHECK(name.description() == "all Burstable pods");
    CHECK(name_cgroup("/kubepods.slice").description() == "all Kubernetes pods");
    // One pod, or a part of it, whose name is none that kubelet gives.
    CHECK(name_cgroup("/kubepods/besteffort/mine/x").description() == "part of the BestEffort pods");
    CHECK(name_cgroup("/kubepods/mine").description() == "part of the Kubernetes pods");
}

TEST_CASE("plain containers") {
    CgroupName name = name_cgroup("/docker/" + id);
    CHECK(name.runtime == "docker");
    CHECK(name.container_id == id);
    CHECK_FALSE(name.kubernetes);
    name = name_cgroup("/system.slice/docker-" + id + ".scope");
    CHECK(name.runtime == "docker");
    CHECK_FALSE(name.unit);
    name = name_cgroup("/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-" + id +
                       ".scope/container");
    CHECK(name.runtime == "podman");
    CHECK(name.user == 1000);
    CHECK_FALSE(name.user_unit);
    CHECK(name_cgroup("/docker/not-an-id").container_id.has_value() == false);
}

TEST_CASE("units, sessions and user managers") {
    CHECK(name_cgroup("/system.slice/varnish.service").unit == "varnish.service");
    CHECK(name_cgroup("/system.slice/system-getty.slice/getty@tty1.service").unit == "getty@tty1.service");
    CHECK(name_cgroup("/system.slice/dev-disk-by\\x2duuid-1.swap").unit == "dev-disk-by-uuid-1.swap");
    CgroupName name = name_cgroup("/user.slice/user-1000.slice/user@1000.service/app.slice/run-u640.service");
    CHECK(name.user == 1000);
    CHECK(name.user_unit == "run-u640.service");
    CHECK(name.description() == "run-u640.service of user 1000");
    name = name_cgroup("/user.slice/user-0.slice/session-3.scope");
    CHECK(name.unit == "session-3.scope");
    CHECK(name.description() == "session-3.scope of user 0");
    CHECK(name_cgroup("/user.slice/user-7.slice").description() == "user 7");
}

TEST_CASE("machines and batch jobs") {
    CHECK(name_cgroup("/machine.slice/machine-qemu\\x2d12\\x2dweb\\x2d1.scope/libvirt/emulator").machine ==
          "web-1");
    CHECK(name_cgroup("/lxc.payload.build/init.scope").machine == "build");
    CHECK(name_cgroup("/lxc/101/ns/system.slice/apache2.service").machine == "101");
    CHECK(name_cgroup("/machine.slice/systemd-nspawn@deb.service/payload").machine == "deb");
    CHECK(name_cgroup("/qemu.slice/105.scope").machine == "105");
    CgroupName name = name_cgroup("/system.slice/slurmstepd.scope/job_4711/step_0/user/task_0");
    CHECK(name.runtime == "slurm");
    CHECK(name.job == "4711");
    name = name_cgroup("/slurm/uid_1000/job_12");
    CHECK(name.job == "12");
    CHECK(name_cgroup("/yarn/container_1521_0001_01_000002").job == "container_1521_0001_01_000002");
    CHECK(name_cgroup("/ecs/0a1b2c/" + id).container_id == id);
}

TEST_CASE("nothing is invented") {
    for (const std::string path : {"/", "", "/leaker", "/a/b/c", "///", "/podium", "kubepod"}) {
        CAPTURE(path);
        CHECK(name_cgroup(path).empty());
        CHECK(name_cgroup(path).description().empty());
    }
    CHECK_FALSE(name_cgroup(std::string(1 << 20, '/')).container_id);
}

TEST_CASE("what a cgroup itself is, whatever lies around it") {
    using enum CgroupLevel;
    const std::string id(64, 'a');
    const std::string pod = "pod9f2c4b21-77aa-4c1e-9d0e-3b6f5a1c2d3e";
    const std::pair<std::string, CgroupLevel> paths[] = {
        {"/", Root},
        {"/kubepods", AllPods},
        {"/kubepods.slice", AllPods},
        {"/kubepods/besteffort", QosClass},
        {"/kubepods.slice/kubepods-burstable.slice", QosClass},
        {"/kubepods-burstable.slice", QosClass},
        {"/kubepods/burstable/" + pod, Pod},
        {"/kubepods/" + pod, Pod},
        {"/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod9f2c4b21_77aa_4c1e.slice", Pod},
        {"/kubepods/burstable/" + pod + "/" + id, Container},
        {"/docker/" + id + "/kubelet/kubepods", AllPods},
        {"/docker/" + id, Container},
        {"/docker", Unknown},
        {"/system.slice/docker-" + id + ".scope", Container},
        {"/system.slice/docker-" + id + ".scope/init", Unknown},
        {"/system.slice/nginx.service", Unit},
        {"/system.slice", Slice},
        {"/user.slice/user-1000.slice", Slice},
        {"/user.slice/user-1000.slice/session-3.scope", Unit},
        {"/user.slice/user-1000.slice/user@1000.service/app.slice/firefox.scope", UserUnit},
        {"/lxc/101", Machine},
        {"/lxc/101/ns/system.slice/mysql.service", Unit},
        {"/slurm/uid_1000/job_12/step_0", Job},
        {"/machine.slice/machine-qemu\\x2d1\\x2dweb.scope", Machine},
    };
    for (const auto& [path, level] : paths) {
        CAPTURE(path);
        CHECK(static_cast<int>(name_cgroup(path).level) == static_cast<int>(level));
    }
}

}  // namespace cgroup_name_test
