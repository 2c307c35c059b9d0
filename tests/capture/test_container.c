/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Containers: recorded trees of cgroup paths and of the files that each runtime keeps, hostile
 * paths and files, and the JSON look-up under them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "capture/container.h"
#include "capture/json_find.h"

#define ID "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define ID2 "fedcba9876543210fedcba9876543210fedcba9876543210fedcba9876543210"

#define ID4 "44556677889900112233445566778899aabbccddeeff00112233445566778899"
#define ID5 "55556677889900112233445566778899aabbccddeeff00112233445566778899"
#define ID6 "66666677889900112233445566778899aabbccddeeff00112233445566778899"
#define ID3 "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"

static const struct {
	const char *cgroup, *runtime, *id, *label, *pod;
} paths[] = {
	/* none */
	{ "", "", "", "", "" },
	{ "/", "", "", "", "" },
	{ "/system.slice/ssh.service", "", "", "", "" },
	{ "/user.slice/user-1000.slice/session-2.scope", "", "", "", "" },
	{ "/x/" ID "0", "", "", "", "" },
	{ "/docker", "", "", "", "" },
	{ "/system.slice/docker-short.scope", "", "", "", "" },
	{ "/libpod_parent/libpod-conmon-" ID ".scope", "", "", "", "" },
	{ "/lxc.monitor.web", "", "", "", "" },
	/* Docker: systemd's and its own driver, rootless, in another's container */
	{ "/system.slice/docker-" ID ".scope", "docker", ID, "0123456789ab", "" },
	{ "/docker/" ID, "docker", ID, "0123456789ab", "" },
	{ "/docker/" ID "/init.scope", "docker", ID, "0123456789ab", "" },
	{ "/user.slice/user-1000.slice/user@1000.service/user.slice/docker-" ID ".scope",
	  "docker", ID, "0123456789ab", "" },
	{ "/docker/" ID "/docker/" ID2, "docker", ID2, "fedcba987654", "" },
	/* Podman: rootful, rootless, with a cgroup of its own inside, cgroupfs */
	{ "/machine.slice/libpod-" ID ".scope", "podman", ID, "0123456789ab", "" },
	{ "/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-" ID ".scope/container",
	  "podman", ID, "0123456789ab", "" },
	{ "/libpod_parent/libpod-" ID, "podman", ID, "0123456789ab", "" },
	/* containerd: nerdctl, CRI by systemd and the older form of it */
	{ "/system.slice/nerdctl-" ID ".scope", "containerd", ID, "0123456789ab", "" },
	{ "/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod"
	  "1b2c_3d4e_5f.slice/cri-containerd-" ID ".scope",
	  "containerd", ID, "0123456789ab", "1b2c-3d4e-5f" },
	{ "/system.slice/containerd.service/kubepods-besteffort-pod77_88.slice:cri-containerd:" ID,
	  "containerd", ID, "0123456789ab", "" },
	/* Docker behind kubelet */
	{ "/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod1b2c_3d.slice/docker-" ID
	  ".scope", "docker", ID, "0123456789ab", "1b2c-3d" },
	/* CRI-O */
	{ "/kubepods.slice/kubepods-pod12_34.slice/crio-" ID ".scope", "cri-o", ID,
	  "0123456789ab", "12-34" },
	{ "/kubepods.slice/kubepods-pod12_34.slice/crio-" ID ".scope/container", "cri-o", ID,
	  "0123456789ab", "12-34" },
	{ "/kubepods.slice/kubepods-pod12_34.slice/crio-conmon-" ID ".scope", "", "", "", "" },
	/* kubelet's cgroupfs driver, Amazon's ECS, and others that name it by the id alone */
	{ "/kubepods/burstable/pod1b2c-3d4e/" ID, "kubernetes", ID, "0123456789ab", "1b2c-3d4e" },
	{ "/kubepods/pod1b2c-3d4e/" ID, "kubernetes", ID, "0123456789ab", "1b2c-3d4e" },
	{ "/ecs/3a4b/" ID, "ecs", ID, "0123456789ab", "" },
	{ "/actions_job/" ID, "container", ID, "0123456789ab", "" },
	/* LXC, LXD, Incus; nspawn; libvirt */
	{ "/lxc/web", "lxc", "web", "web", "" },
	{ "/lxc.payload.web", "lxc", "web", "web", "" },
	{ "/lxc.payload.web/system.slice/nginx.service", "lxc", "web", "web", "" },
	{ "/machine.slice/machine-debian.scope", "nspawn", "debian", "debian", "" },
	{ "/machine.slice/machine-my\\x2dbox.scope/payload", "nspawn", "my-box", "my-box", "" },
	{ "/machine.slice/systemd-nspawn@debian.service/payload", "nspawn", "debian", "debian",
	  "" },
	{ "/machine.slice/machine-qemu\\x2d3\\x2dweb\\x2d1.scope/libvirt/emulator", "libvirt",
	  "web-1", "web-1", "" },
	{ "/user.slice/runc-box.scope", "runc", "box", "box", "" },
	/* one inside of the other: the inner */
	{ "/lxc.payload.web/docker/" ID, "docker", ID, "0123456789ab", "" },
};

static void test_paths(void **state)
{
	struct ft_container container;
	char label[64];

	(void)state;
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		bool found = ft_container_of(paths[i].cgroup, &container);

		ft_container_label(&container, label, sizeof(label));
		if (found != (paths[i].runtime[0] != '\0') ||
		    strcmp(container.runtime, paths[i].runtime) ||
		    strcmp(container.id, paths[i].id) || strcmp(label, paths[i].label) ||
		    strcmp(container.pod, found ? paths[i].pod : ""))
			fail_msg("%s: \"%s\" \"%s\" \"%s\" \"%s\"", paths[i].cgroup,
				 container.runtime, container.id, label, container.pod);
	}
}

/* Long and odd paths end in the fields, whole or cut. */
static void test_hostile_paths(void **state)
{
	static const char *const odd[] = { "/", "//", "/docker-", "/-.scope", "/:/", "/lxc//x",
					   "/machine-.scope", "/machine-\\x.scope",
					   "/machine-\\x2.scope", "/kubepods-pod.slice/" ID,
					   "/pod/" ID, "no slash", "/lxc.payload." };
	struct ft_container container;
	char longest[9000], label[16];

	(void)state;
	for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++) {
		ft_container_of(odd[i], &container);
		ft_container_label(&container, label, sizeof(label));
	}
	memset(longest, 'x', sizeof(longest));
	memcpy(longest, "/lxc/", 5);
	longest[sizeof(longest) - 1] = '\0';
	assert_true(ft_container_of(longest, &container));
	assert_int_equal(strlen(container.id), sizeof(container.id) - 1);
	ft_container_label(&container, label, sizeof(label));
	assert_int_equal(strlen(label), sizeof(label) - 1);
}

/* ---- files */

static char root[64];

/* Makes a file with its folders below the root. */
static void put(const char *path, const char *text)
{
	char full[512], *slash;
	FILE *file;

	snprintf(full, sizeof(full), "%s%s", root, path);
	for (slash = strchr(full + strlen(root) + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		mkdir(full, 0755);
		*slash = '/';
	}
	file = fopen(full, "w");
	assert_non_null(file);
	assert_int_equal(fwrite(text, 1, strlen(text), file), strlen(text));
	fclose(file);
}

static int make_root(void **state)
{
	(void)state;
	snprintf(root, sizeof(root), "/tmp/ft-container.XXXXXX");
	assert_non_null(mkdtemp(root));
	put("/var/lib/docker/containers/" ID "/config.v2.json",
	    "{\"State\":{\"Running\":true,\"Pid\":77},\"ID\":\"" ID "\",\"Config\":{\"Hostname\":\"x\","
	    "\"Env\":[\"A=\\\"}\"],\"Image\":\"nginx:1.25\",\"Labels\":{}},\"Name\":\"/web\"}");
	put("/var/lib/containers/storage/overlay-containers/containers.json",
	    "[{\"id\":\"" ID2 "\",\"names\":[\"other\"]},{\"id\":\"" ID "\",\"names\":[\"db\","
	    "\"alias\"],\"image\":\"77\",\"metadata\":\"{\\\"image-name\\\":\\\"docker.io/pg:16\\\","
	    "\\\"name\\\":\\\"db\\\"}\"}]");
	put("/home/alice/.local/share/containers/storage/overlay-containers/containers.json",
	    "[ { \"id\" : \"" ID2 "\" , \"names\" : [ \"mine\" ] } , { \"id\" : \"" ID4
	    "\", \"names\" : [ \"alices\" ], \"metadata\" : \"{\\\"image-name\\\":\\\"img:4\\\"}\" } ]");
	put("/home/alice/.local/share/docker/containers/" ID4 "/config.v2.json",
	    "{\"Config\":{\"Image\":\"img:5\"},\"Name\":\"/rootless\"}");
	put("/etc/docker/daemon.json", "{ \"debug\": true, \"data-root\": \"/srv/docker\" }");
	put("/srv/docker/containers/" ID5 "/config.v2.json",
	    "{\"Config\":{\"Image\":\"img:6\",\"Labels\":{\"io.kubernetes.pod.name\":\"p-1\","
	    "\"io.kubernetes.pod.namespace\":\"ns2\",\"io.kubernetes.container.name\":\"c\"}},"
	    "\"Name\":\"/k8s_c_p-1_ns2\"}");
	put("/run/k3s/containerd/io.containerd.runtime.v2.task/k8s.io/" ID6 "/config.json",
	    "{\"annotations\":{\"io.kubernetes.cri.container-name\":\"k3s\","
	    "\"io.kubernetes.cri.sandbox-name\":\"p-2\"}}");
	put("/run/containerd/io.containerd.runtime.v2.task/k8s.io/" ID "/config.json",
	    "{\"ociVersion\":\"1.0\",\"annotations\":{\"io.kubernetes.cri.container-name\":\"app\","
	    "\"io.kubernetes.cri.image-name\":\"reg/app:2\",\"io.kubernetes.cri.sandbox-name\":"
	    "\"app-7f\",\"io.kubernetes.cri.sandbox-namespace\":\"prod\"}}");
	put("/run/containerd/io.containerd.runtime.v2.task/default/" ID2 "/config.json",
	    "{\"annotations\":{\"nerdctl/name\":\"redis\"}}");
	put("/var/lib/containers/storage/overlay-containers/" ID2 "/userdata/config.json",
	    "{\"annotations\":{\"io.kubernetes.container.name\":\"side\","
	    "\"io.kubernetes.cri-o.ImageName\":\"reg/side:1\",\"io.kubernetes.pod.name\":\"p-0\","
	    "\"io.kubernetes.pod.namespace\":\"ns1\"}}");
	put("/var/log/containers/coredns-5d_kube-system_coredns-" ID3 ".log", "");
	put("/run/runc/box/state.json", "{}");
	return 0;
}

static int remove_root(void **state)
{
	char command[128];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf '%s'", root);
	return system(command) == 0 ? 0 : -1;
}

static const struct {
	const char *cgroup, *home;
	const char *runtime, *label, *image, *pod, *pod_namespace;
} files[] = {
	{ "/system.slice/docker-" ID ".scope", "", "docker", "web", "nginx:1.25", "", "" },
	{ "/docker/" ID2, "", "docker", "fedcba987654", "", "", "" },
	{ "/machine.slice/libpod-" ID ".scope", "", "podman", "db", "docker.io/pg:16", "", "" },
	{ "/user.slice/libpod-" ID2 ".scope", "/home/alice", "podman", "side", "reg/side:1", "p-0",
	  "ns1" },
	{ "/kubepods.slice/kubepods-pod1.slice/cri-containerd-" ID ".scope", "", "containerd", "app",
	  "reg/app:2", "app-7f", "prod" },
	{ "/system.slice/nerdctl-" ID2 ".scope", "", "containerd", "redis", "", "", "" },
	{ "/kubepods.slice/kubepods-pod1.slice/crio-" ID2 ".scope", "", "cri-o", "side",
	  "reg/side:1", "p-0", "ns1" },
	{ "/kubepods/pod1/" ID3, "", "kubernetes", "coredns", "", "coredns-5d", "kube-system" },
	{ "/kubepods/burstable/pod1/" ID, "", "containerd", "app", "reg/app:2", "app-7f", "prod" },
	{ "/kubepods/besteffort/pod1/" ID6, "", "containerd", "k3s", "", "p-2", "" },
	{ "/kubepods.slice/kubepods-pod1.slice/docker-" ID5 ".scope", "", "docker", "c", "img:6",
	  "p-1", "ns2" },
	{ "/kubepods/burstable/pod1/" ID5, "", "docker", "c", "img:6", "p-1", "ns2" },
	{ "/user.slice/user-1000.slice/user@1000.service/user.slice/docker-" ID4 ".scope",
	  "/home/alice", "docker", "rootless", "img:5", "", "" },
	{ "/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-" ID4 ".scope/container",
	  "/home/alice", "podman", "alices", "img:4", "", "" },
	{ "/lxc.payload.web/system.slice/nginx.service", "", "lxc", "web", "", "", "" },
	{ "/machine.slice/machine-debian.scope/payload", "", "nspawn", "debian", "", "", "" },
	{ "/system.slice/ssh.service", "", "", "", "", "", "" },
	{ "/box", "", "runc", "box", "", "", "" },
	{ "/nobox", "", "", "", "", "", "" },
	{ "/..", "", "", "", "", "", "" },
};

static void test_files(void **state)
{
	struct ft_containers *containers = ft_containers_new(root);
	char label[128];

	(void)state;
	for (int round = 0; round < 2; round++) {
		for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
			const struct ft_container *found = ft_containers_find(
				containers, files[i].cgroup, files[i].home);

			ft_container_label(found, label, sizeof(label));
			assert_true(!found->id[0] == !found->runtime[0]);
			assert_true(strstr(files[i].cgroup, found->id)); /* whole */
			if (strcmp(found->runtime, files[i].runtime) ||
			    strcmp(label, files[i].label) ||
			    strcmp(found->image, files[i].image) ||
			    strcmp(found->pod, files[i].pod) ||
			    strcmp(found->pod_namespace, files[i].pod_namespace))
				fail_msg("%s: \"%s\" \"%s\" \"%s\" \"%s\" \"%s\"", files[i].cgroup,
					 found->runtime, label, found->image, found->pod,
					 found->pod_namespace);
		}
	}
	/* What is none yet may become one; what was one stays. */
	put("/run/runc/nobox/state.json", "{}");
	assert_string_equal(ft_containers_find(containers, "/nobox", "")->name, "nobox");
	snprintf(label, sizeof(label), "%s/run/runc/nobox/state.json", root);
	assert_int_equal(unlink(label), 0);
	assert_string_equal(ft_containers_find(containers, "/nobox", "")->name, "nobox");
	ft_containers_free(containers);
}

/* A rootless engine's files are in its user's home; a file that is no file is not read. */
static void test_home(void **state)
{
	struct ft_container container;
	char path[256];

	(void)state;
	snprintf(path, sizeof(path), "%s/var/lib/containers", root);
	char moved[300];

	snprintf(moved, sizeof(moved), "%s.away", path);
	assert_int_equal(rename(path, moved), 0);
	assert_true(ft_container_of("/user.slice/libpod-" ID2 ".scope", &container));
	assert_true(ft_container_read("/user.slice/libpod-" ID2 ".scope", root, "/home/alice",
				      &container));
	assert_string_equal(container.name, "mine");
	assert_int_equal(rename(moved, path), 0);

	snprintf(path, sizeof(path), "%s/var/lib/docker/containers/" ID "/config.v2.json", root);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_true(ft_container_of("/docker/" ID, &container));
	assert_true(ft_container_read("/docker/" ID, root, "", &container));
	assert_string_equal(container.name, "");
}

/* A home that had to be waited for, and a daemon that answers later: each is asked until it is known,
 * and then no more. */
static bool ask_later(void *arg, struct ft_container *container)
{
	int *asked = arg;

	if (++*asked < 3)
		return false;
	snprintf(container->name, sizeof(container->name), "told");
	return true;
}

static void test_later(void **state)
{
	static const char rootless[] = "/user.slice/libpod-" ID4 ".scope";
	struct ft_containers *containers = ft_containers_new(root);
	int asked = 0;

	(void)state;
	assert_string_equal(ft_containers_find(containers, rootless, "")->name, "");
	assert_string_equal(ft_containers_find(containers, rootless, "/home/alice")->name,
			    "alices");
	ft_containers_ask(containers, ask_later, &asked);
	for (int i = 0; i < 2; i++)
		assert_string_equal(ft_containers_find(containers, "/docker/" ID2, "/")->name, "");
	for (int i = 0; i < 5; i++)
		assert_string_equal(ft_containers_find(containers, "/docker/" ID2, "/")->name,
				    "told");
	assert_int_equal(asked, 3);
	/* who has a name, and who is none, is not asked about */
	ft_containers_find(containers, rootless, "/home/alice");
	ft_containers_find(containers, "/system.slice/ssh.service", "");
	assert_int_equal(asked, 3);
	ft_containers_free(containers);
}

/* ---- JSON */

static void test_json(void **state)
{
	static const struct {
		const char *text, *path[4], *want; /* NULL: not there */
	} rows[] = {
		{ "{\"a\":\"b\"}", { "a" }, "b" },
		{ " { \"a\" : { \"b\" : \"c\" } } ", { "a", "b" }, "c" },
		{ "{\"x\":[1,{\"a\":2}],\"a\":\"y\"}", { "a" }, "y" },
		{ "{\"a\":[\"p\",\"q\"]}", { "a", "*" }, "p" },
		{ "{\"a\":{\"p\":{\"n\":1},\"q\":{\"n\":\"2\"}}}", { "a", "*", "n" }, "2" },
		{ "{\"a\":\"\\u0041\\n\\\"\\u00e9\\ud83d\\ude00\"}", { "a" },
		  "A\n\"\303\251\360\237\230\200" },
		{ "{\"\\u0061\":\"b\"}", { "a" }, "b" },
		{ "{\"a\":\"\\ud83d\"}", { "a" }, "\357\277\275" },
		{ "{\"a\":\"x\\u0000y\"}", { "a" }, "x" },
		{ "{\"a\\u0000\\u0000\":\"b\"}", { "a" }, NULL },
		{ "{\"a\":1}", { "a" }, NULL },
		{ "{\"a\":null,\"a\":\"2\"}", { "a" }, "2" },
		{ "{\"b\":\"a\"}", { "a" }, NULL },
		{ "{\"a\":\"cut", { "a" }, NULL },
		{ "{\"a\":\"cut\\", { "a" }, NULL },
		{ "{\"a\"", { "a" }, NULL },
		{ "{\"a\":", { "a" }, NULL },
		{ "{\"a\":{\"b\":", { "a", "b" }, NULL },
		{ "[\"a\"]", { "a" }, NULL },
		{ "", { "a" }, NULL },
		{ "{", { "a" }, NULL },
		{ "}]", { "a" }, NULL },
		{ "{,:}", { "a" }, NULL },
		{ "{\"x\":]}", { "a" }, NULL },
		{ "\"s\"", { NULL }, "s" },
	};
	char buf[64], tiny[3];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		bool found = ft_json_find(rows[i].text, strlen(rows[i].text), rows[i].path, buf,
					  sizeof(buf));

		if (found != (rows[i].want != NULL) || (found && strcmp(buf, rows[i].want)))
			fail_msg("%s: %d \"%s\"", rows[i].text, found, buf);
	}
	/* cut between characters */
	assert_true(ft_json_find("{\"a\":\"x\303\251\"}", 10, (const char *[]){ "a", NULL }, tiny,
				 sizeof(tiny)));
	assert_string_equal(tiny, "x\303");
}

/* Every begin of a text, and every byte of it changed: it ends, within the text. */
static void test_json_broken(void **state)
{
	static const char text[] = "{\"a\":[{\"b\":\"\\u00e9\\\\\"},-1.5e3,true,null],\"c\":{\"d\":\"e\"}}";
	static const char *const path[] = { "c", "d", NULL };
	static const char bytes[] = "{}[]\",:\\u0\0 x";
	char buf[8], *copy;

	(void)state;
	for (size_t length = 0; length < sizeof(text); length++) {
		copy = malloc(length ? length : 1); /* exactly: a sanitizer sees one more */
		memcpy(copy, text, length);
		ft_json_find(copy, length, path, buf, sizeof(buf));
		free(copy);
	}
	copy = malloc(sizeof(text) - 1);
	for (size_t i = 0; i < sizeof(text) - 1; i++) {
		for (size_t j = 0; j < sizeof(bytes); j++) {
			memcpy(copy, text, sizeof(text) - 1);
			copy[i] = bytes[j];
			ft_json_find(copy, sizeof(text) - 1, path, buf, sizeof(buf));
		}
	}
	free(copy);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_paths),
		cmocka_unit_test(test_hostile_paths),
		cmocka_unit_test(test_files),
		cmocka_unit_test(test_home),
		cmocka_unit_test(test_later),
		cmocka_unit_test(test_json),
		cmocka_unit_test(test_json_broken),
	};

	return cmocka_run_group_tests(tests, make_root, remove_root);
}
