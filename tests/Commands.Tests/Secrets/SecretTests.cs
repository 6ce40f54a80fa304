using System.Security.Cryptography;
using Events.Commands.Secrets;
using Microsoft.Extensions.Options;
using Shouldly;
using Xunit;

namespace Events.Commands.Tests.Secrets;

public sealed class SecretTests
{
    private static readonly CancellationToken Ct = TestContext.Current.CancellationToken;

    [Fact]
    public void Sealed_text_opens_only_with_its_subjects_key()
    {
        var subject = Guid.CreateVersion7();
        var key = SubjectKey.New(subject);
        var text = key.Seal("Mia Miller");
        text.Value.ShouldNotContain("Mia");
        text.Subject.ShouldBe(subject);
        SealedText.IsSealed(text.Value).ShouldBeTrue();
        key.Open(text).ShouldBe("Mia Miller");
        SubjectKey.New(subject).Open(text).ShouldBeNull();
    }

    [Fact]
    public void Sealing_twice_gives_two_texts()
    {
        var key = SubjectKey.New(Guid.CreateVersion7());
        key.Seal("Mia").ShouldNotBe(key.Seal("Mia"));
    }

    [Fact]
    public void A_wrapped_key_comes_back_only_under_the_same_master()
    {
        var subject = Guid.CreateVersion7();
        var wrapping = RandomNumberGenerator.GetBytes(32);
        var key = SubjectKey.New(subject);
        var text = key.Seal("Mia");
        var wrapped = key.Wrap(wrapping);
        SubjectKey.Unwrap(subject, wrapped, wrapping).Open(text).ShouldBe("Mia");
        Should.Throw<CryptographicException>(() => SubjectKey.Unwrap(subject, wrapped, RandomNumberGenerator.GetBytes(32)));
        Should.Throw<CryptographicException>(() => SubjectKey.Unwrap(Guid.NewGuid(), wrapped, wrapping));
    }

    [Fact]
    public void A_master_key_is_made_once_and_only_its_owner_reads_it()
    {
        var file = Path.Combine(Path.GetTempPath(), $"events-{Guid.NewGuid():N}", "keys", "master.key");
        var first = MasterKey.Load(null, file);
        MasterKey.Load(null, file).Fingerprint().ShouldBe(first.Fingerprint());
        if (!OperatingSystem.IsWindows())
            File.GetUnixFileMode(file).ShouldBe(UnixFileMode.UserRead | UnixFileMode.UserWrite);
        Directory.Delete(Path.GetDirectoryName(Path.GetDirectoryName(file))!, recursive: true);
    }

    [Fact]
    public void A_master_key_that_is_none_is_refused_in_a_sentence() =>
        Should.Throw<InvalidOperationException>(() => MasterKey.Load("too short", "unused")).Message.ShouldContain("MasterKey");

    [Fact]
    public void An_identifiers_place_says_nothing_without_the_key()
    {
        var one = new IdentifierIndex(new MasterKey(RandomNumberGenerator.GetBytes(32)));
        var two = new IdentifierIndex(new MasterKey(RandomNumberGenerator.GetBytes(32)));
        one.OfEmail("mia@example.com").ShouldBe(one.OfEmail("mia@example.com"));
        one.OfEmail("mia@example.com").ShouldNotBe(two.OfEmail("mia@example.com"));
    }

    [Fact]
    public async Task A_password_hash_checks_and_asks_to_be_made_again_at_a_new_cost()
    {
        await using var cheap = Hasher(1_000);
        await using var dear = Hasher(2_000);
        var hash = await cheap.HashAsync("correct horse battery", Ct);
        hash.ShouldNotContain("correct");
        (await cheap.CheckAsync("correct horse battery", hash, Ct)).ShouldBe(PasswordCheck.Right);
        (await dear.CheckAsync("correct horse battery", hash, Ct)).ShouldBe(PasswordCheck.RightAtAnotherCost);
        (await cheap.CheckAsync("wrong horse battery", hash, Ct)).ShouldBe(PasswordCheck.Wrong);
        (await cheap.CheckAsync("nobody's password", null, Ct)).ShouldBe(PasswordCheck.Wrong);
    }

    [Fact]
    public async Task More_passwords_than_may_wait_are_refused_at_once()
    {
        await using var hasher = Hasher(300_000, queue: 1);
        var accepted = new List<Task>();
        Should.Throw<PasswordHasherBusyException>(() =>
        {
            for (var i = 0; i < 10; i++)
                accepted.Add(hasher.HashAsync("correct horse battery", Ct));
        });
        await Task.WhenAll(accepted);
    }

    private static PasswordHasher Hasher(int iterations, int queue = 64) =>
        new(Options.Create(new IdentityOptions { PasswordIterations = iterations, PasswordThreads = 1, PasswordQueue = queue }));
}
