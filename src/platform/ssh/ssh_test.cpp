#include <thread>

#include <gtest/gtest.h>
#include <libssh/libssh.h>

#include "base/bytes.h"
#include "platform/ssh/server.h"

namespace cairn::ssh {
namespace {

std::string key_line(std::string_view type, std::initializer_list<std::string_view> fields) {
  std::string blob;
  auto append = [&](std::string_view text) {
    append_u32be(blob, static_cast<std::uint32_t>(text.size()));
    blob += text;
  };
  append(type);
  for (auto field : fields) append(field);
  return std::string(type) + " " + base64_encode(blob);
}

TEST(PublicKey, ReadsALineAndWritesItAgain) {
  std::string text = key_line("ssh-ed25519", {std::string(32, 'k')});
  auto key = parse_public_key("  " + text + " ada@laptop of mine \n");
  ASSERT_TRUE(key) << key.error().message;
  EXPECT_EQ(key->type, "ssh-ed25519");
  EXPECT_EQ(key->comment, "ada@laptop of mine");
  EXPECT_EQ(key->text(), text);
  EXPECT_TRUE(key->fingerprint().starts_with("SHA256:"));
  EXPECT_EQ(key->fingerprint().size(), 7u + 43);
  EXPECT_EQ(parse_key_blob(key->blob)->fingerprint(), key->fingerprint());
}

TEST(PublicKey, TakesTheKindsThatAreSafe) {
  std::string point256 = "\4" + std::string(64, 'p'),
              modulus = std::string(1, '\0') + std::string(256, '\x90');
  for (const auto& line :
       {key_line("ecdsa-sha2-nistp256", {"nistp256", point256}),
        key_line("ecdsa-sha2-nistp521", {"nistp521", "\4" + std::string(132, 'p')}),
        key_line("ssh-rsa", {std::string_view("\1\0\1", 3), modulus}),
        key_line("sk-ssh-ed25519@openssh.com", {std::string(32, 'k'), "ssh:"}),
        key_line("sk-ecdsa-sha2-nistp256@openssh.com", {"nistp256", point256, "ssh:"})}) {
    auto key = parse_public_key(line);
    EXPECT_TRUE(key) << line << ": " << key.error().message;
  }
}

TEST(PublicKey, RefusesTheRestAndSaysWhy) {
  std::string good = key_line("ssh-ed25519", {std::string(32, 'k')});
  struct Case {
    std::string line, words;
  };
  for (const auto& [line, words] : std::vector<Case>{
           {"", "a type and a text"},
           {"ssh-ed25519", "a type and a text"},
           {"ssh-ed25519 !!!", "not base64"},
           {"ssh-rsa" + good.substr(11), "not its type"},
           {key_line("ssh-ed25519", {std::string(31, 'k')}), "32 bytes"},
           {key_line("ssh-ed25519", {std::string(32, 'k'), "more"}), "something follows"},
           {key_line("ssh-rsa", {"\1", std::string(128, '\x90')}), "too short"},
           {key_line("ssh-dss", {"p", "q", "g", "y"}), "are not taken"},
           {key_line("ecdsa-sha2-nistp256", {"nistp384", "x"}), "curve"},
           {"-----BEGIN OPENSSH PRIVATE KEY-----", "private part"},
           {good + "\n" + good, "more than one line"},
           {good + std::string(20'000, 'x'), "too long"}}) {
    auto key = parse_public_key(line);
    ASSERT_FALSE(key) << line;
    EXPECT_EQ(key.error().word, "InvalidPublicKey");
    EXPECT_TRUE(key.error().message.contains(words)) << key.error().message;
  }
  for (std::size_t cut = 0; cut < 51; ++cut)
    EXPECT_FALSE(parse_key_blob(parse_public_key(good)->blob.substr(0, cut))) << cut;
}

TEST(HostKey, SameSecretGivesTheSameKey) {
  auto one = make_host_key(std::string(32, 'a')), same = make_host_key(std::string(32, 'a'));
  EXPECT_EQ(one.private_text, same.private_text);
  EXPECT_NE(one.public_key.blob, make_host_key(std::string(32, 'b')).public_key.blob);
  EXPECT_TRUE(parse_public_key(one.public_key.text()));
}

TEST(SplitCommand, ReadsWhatClientsQuote) {
  using Words = std::vector<std::string>;
  EXPECT_EQ(*split_command("git-upload-pack '/ada/bert.git'"),
            (Words{"git-upload-pack", "/ada/bert.git"}));
  EXPECT_EQ(*split_command(R"(git-upload-pack '/it'\''s')"), (Words{"git-upload-pack", "/it's"}));
  EXPECT_EQ(*split_command(R"('a'\!'b' c)"), (Words{"a!b", "c"}));
  EXPECT_EQ(*split_command("git-lfs-authenticate ada/bert.git  download"),
            (Words{"git-lfs-authenticate", "ada/bert.git", "download"}));
  EXPECT_EQ(*split_command("x ''"), (Words{"x", ""}));
  EXPECT_TRUE(split_command("")->empty());
  // No shell: what a shell would do something with is only text.
  EXPECT_EQ(*split_command("a;b $(c) `d` && e|f"), (Words{"a;b", "$(c)", "`d`", "&&", "e|f"}));
  for (std::string bad : {"'open", "a\\", "a\nb", "a\tb", "a\\\nb"})
    EXPECT_FALSE(split_command(bad)) << bad;
  EXPECT_FALSE(split_command(std::string(2000, 'a')));
}

TEST(SshServer, RefusesAnAddressThatIsTaken) {
  Options options{.port = 0, .host_key = make_host_key(std::string(32, 'a')).private_text};
  auto first = Server::listen(options, {});
  ASSERT_TRUE(first) << first.error().message;
  options.port = (*first)->port();
  EXPECT_NE(options.port, 0);
  auto second = Server::listen(options, {});
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().word, "AddressInUse");
  options.address = "no such address";
  EXPECT_EQ(Server::listen(options, {}).error().word, "InvalidListen");
}

TEST(SshServer, StopsWhileNobodyIsThere) {
  Options options{.port = 0, .host_key = make_host_key(std::string(32, 'a')).private_text};
  auto server = std::move(*Server::listen(options, {}));
  std::thread serving([&] { server->run(); });
  server->stop();
  serving.join();
}

/// A server whose commands wait for a line and say it back, and a client that has logged in.
class SshCommands : public ::testing::Test {
 protected:
  SshCommands() {
    Options options{.port = 0, .host_key = make_host_key(std::string(32, 'a')).private_text};
    options.commands_max = 3;
    Hooks hooks;
    hooks.authorize = [](const PublicKey&, const std::string&) { return std::optional("ada"); };
    hooks.run = [](Exec& exec) {
      std::string got;
      while (!got.ends_with('\n')) {
        auto bytes = exec.read_some();
        if (!bytes || bytes->empty()) return 1;
        got += *bytes;
      }
      return exec.write(exec.command() + " " + got) ? 0 : 1;
    };
    server_ = std::move(*Server::listen(options, hooks));
    serving_ = std::thread([this] { server_->run(); });
    session_ = ssh_new();
    int port = server_->port();
    bool no = false;
    ssh_options_set(session_, SSH_OPTIONS_HOST, "127.0.0.1");
    ssh_options_set(session_, SSH_OPTIONS_PORT, &port);
    ssh_options_set(session_, SSH_OPTIONS_USER, "git");
    ssh_options_set(session_, SSH_OPTIONS_PROCESS_CONFIG, &no);
    ssh_key key = nullptr;
    ssh_pki_generate(SSH_KEYTYPE_ED25519, 0, &key);
    EXPECT_EQ(ssh_connect(session_), SSH_OK) << ssh_get_error(session_);
    EXPECT_EQ(ssh_userauth_publickey(session_, nullptr, key), SSH_AUTH_SUCCESS);
    ssh_key_free(key);
  }
  ~SshCommands() override {
    ssh_disconnect(session_);
    ssh_free(session_);
    server_->stop();
    serving_.join();
  }

  /// @return null when the server does not run it.
  ssh_channel begin(const char* command) {
    ssh_channel channel = ssh_channel_new(session_);
    if (ssh_channel_open_session(channel) == SSH_OK &&
        ssh_channel_request_exec(channel, command) == SSH_OK)
      return channel;
    ssh_channel_free(channel);
    return nullptr;
  }
  static std::string end(ssh_channel channel, const std::string& text) {
    ssh_channel_write(channel, text.data(), static_cast<std::uint32_t>(text.size()));
    std::string out(200, '\0');
    constexpr int wait_ms = 20'000;
    int got = ssh_channel_read_timeout(channel, out.data(), 200, 0, wait_ms);
    out.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
    // Its end comes behind what it said.
    char nothing = 0;
    EXPECT_EQ(ssh_channel_read_timeout(channel, &nothing, 1, 0, wait_ms), 0);
    EXPECT_EQ(ssh_channel_get_exit_status(channel), 0);
    ssh_channel_free(channel);
    return out;
  }

  std::unique_ptr<Server> server_;
  std::thread serving_;
  ssh_session session_ = nullptr;
};

TEST_F(SshCommands, OfOneConnectionRunBesideEachOther) {
  auto first = begin("first"), second = begin("second");
  ASSERT_TRUE(first && second);
  EXPECT_EQ(end(second, "b\n"), "second b\n");
  auto third = begin("third");
  EXPECT_EQ(end(first, "a\n"), "first a\n");
  EXPECT_EQ(end(third, "c\n"), "third c\n");
}

TEST_F(SshCommands, AreRefusedWhenTooManyRun) {
  std::vector<ssh_channel> running{begin("1"), begin("2"), begin("3")};
  EXPECT_EQ(begin("4"), nullptr);
  EXPECT_EQ(end(running[1], "x\n"), "2 x\n");
  ssh_channel again = nullptr;
  for (int tries = 0; !again && tries < 200; ++tries) again = begin("5");
  ASSERT_TRUE(again);
  EXPECT_EQ(end(again, "y\n"), "5 y\n");
  EXPECT_EQ(end(running[0], "z\n"), "1 z\n");
}

TEST_F(SshCommands, EndWithTheirConnection) {
  ASSERT_TRUE(begin("first") && begin("second"));
  // The destructor waits until the server has ended, which waits for both.
}

}  // namespace
}  // namespace cairn::ssh
