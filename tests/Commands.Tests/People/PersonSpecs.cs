using Events.Commands.People;
using Events.Commands.Secrets;
using Events.Commands.Tests.Deciding;
using Shouldly;
using Xunit;

namespace Events.Commands.Tests.People;

public sealed class PersonSpecs
{
    private static readonly Spec<PersonState> Person = new(PersonState.Initial, PersonState.Evolve);
    private static readonly Spec<IdentifierState> Identifier = new(IdentifierState.Initial, IdentifierState.Evolve);
    private static readonly Spec<SessionState> Session = new(SessionState.Initial, SessionState.Evolve);
    private static readonly DateTimeOffset Now = new(2026, 11, 21, 12, 0, 0, TimeSpan.Zero);
    private static readonly Guid Mia = Guid.CreateVersion7();
    private static readonly Guid Other = Guid.CreateVersion7();
    private static readonly PersonSignedUp SignedUp =
        new(new($"sealed:1:{Mia:N}:AAAA"), new($"sealed:1:{Mia:N}:BBBB"), Guid.NewGuid());

    [Fact]
    public void An_address_leads_to_one_person()
    {
        Identifier.Given().When(s => ClaimIdentifier.Decide(s, new(Mia))).Then(new IdentifierClaimed(Mia));
        Identifier.Given(new IdentifierClaimed(Mia)).When(s => ClaimIdentifier.Decide(s, new(Mia))).ThenNothing();
        Identifier.Given(new IdentifierClaimed(Mia)).When(s => ClaimIdentifier.Decide(s, new(Other))).ThenRefuses("identifier_taken");
    }

    [Fact]
    public void A_released_address_can_be_claimed_again() =>
        Identifier.Given(new IdentifierClaimed(Mia), new IdentifierReleased()).When(s => ClaimIdentifier.Decide(s, new(Other))).Then(new IdentifierClaimed(Other));

    [Fact]
    public void Only_its_holder_releases_an_address() =>
        Identifier.Given(new IdentifierClaimed(Mia)).When(s => ReleaseIdentifier.Decide(s, new(Other))).ThenNothing();

    [Fact]
    public void An_erased_person_has_no_name_and_does_nothing_more()
    {
        var erased = Person.Given(SignedUp).When(s => ErasePerson.Decide(s, new([]))).Then(new PersonErased());
        erased.Name.ShouldBeNull();
        erased.Email.ShouldBeNull();
        Person.Given(SignedUp, new PersonErased()).When(ChangePassword.Decide).ThenRefuses("person_not_found");
        Person.Given(SignedUp, new PersonErased()).When(s => ErasePerson.Decide(s, new([]))).ThenNothing();
    }

    [Fact]
    public void Who_alone_owns_a_workspace_hands_it_over_before_being_erased() =>
        Person.Given(SignedUp).When(s => ErasePerson.Decide(s, new([Guid.NewGuid()]))).ThenRefuses("last_owner");

    [Fact]
    public void A_new_password_ends_the_sessions_before_it()
    {
        var session = SessionState.Evolve(SessionState.Initial, new SessionStarted(Mia, 0, null, SignInMethod.Password, Now.AddDays(1)));
        var person = PersonState.Evolve(PersonState.Initial, SignedUp);
        session.IsLive(person, Now).ShouldBeTrue();
        session.IsLive(PersonState.Evolve(person, new PasswordChanged()), Now).ShouldBeFalse();
        session.IsLive(PersonState.Evolve(person, new SignedOutEverywhere()), Now).ShouldBeFalse();
        session.IsLive(PersonState.Evolve(person, new PersonErased()), Now).ShouldBeFalse();
        session.IsLive(person, Now.AddDays(1)).ShouldBeFalse();
    }

    [Fact]
    public void A_session_ends_once()
    {
        var started = new SessionStarted(Mia, 0, null, SignInMethod.Password, Now.AddDays(1));
        Session.Given(started).When(EndSession.Decide).Then(new SessionEnded()).Ended.ShouldBeTrue();
        Session.Given(started, new SessionEnded()).When(EndSession.Decide).ThenNothing();
        Session.Given().When(EndSession.Decide).ThenNothing();
    }

    [Fact]
    public void One_switches_only_to_a_workspace_that_one_is_in()
    {
        var started = new SessionStarted(Mia, 0, null, SignInMethod.Password, Now.AddDays(1));
        var workspace = Guid.CreateVersion7();
        Session.Given(started).When(s => SwitchWorkspace.Decide(s, new(workspace), isMember: false)).ThenRefuses("not_a_member");
        Session.Given(started).When(s => SwitchWorkspace.Decide(s, new(workspace), isMember: true)).Then(new SessionSwitched(workspace));
    }

    [Fact]
    public void Entering_a_workspace_again_does_nothing()
    {
        var workspace = Guid.CreateVersion7();
        Person.Given(SignedUp, new WorkspaceEntered(workspace)).When(s => EnterWorkspace.Decide(s, new(workspace))).ThenNothing();
    }

    [Theory]
    [InlineData("mia@example.com", "mia@example.com")]
    [InlineData("  Mia@Example.COM ", "mia@example.com")]
    public void Addresses_compare_in_one_form(string text, string value)
    {
        EmailAddress.TryParse(text, out var address).ShouldBeTrue();
        address.Value.Value.ShouldBe(value);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("mia")]
    [InlineData("@example.com")]
    [InlineData("mia@")]
    [InlineData("mia@exa mple.com")]
    [InlineData("mia@example.com\r\nBcc: all@example.com")]
    [InlineData("a@b@example.com")]
    [InlineData("mia@example..com")]
    [InlineData("\"Mia\" <mia@example.com>")]
    public void What_is_no_address_is_refused(string? text) => EmailAddress.TryParse(text, out _).ShouldBeFalse();

    [Theory]
    [InlineData("short")]
    [InlineData("aaaaaaaaaaaaaaaaaaaa")]
    [InlineData("nul\0nul\0nul\0nul")]
    [InlineData("mia.miller-2026")]
    public void A_weak_or_broken_password_is_refused(string password)
    {
        EmailAddress.TryParse("mia.miller@example.com", out var address).ShouldBeTrue();
        PasswordRules.Check(password, address, "/password").ShouldNotBeNull().Code.ShouldBe("weak_password");
    }

    // Not inline data: an attribute's text is stored as UTF-8 and would lose it.
    [Fact]
    public void Half_a_character_is_refused() =>
        PasswordRules.Check("lone\ud800surrogate", null, "/password").ShouldNotBeNull().Code.ShouldBe("weak_password");

    [Fact]
    public void A_long_plain_sentence_is_a_good_password() => PasswordRules.Check("correct horse battery", null, "/password").ShouldBeNull();
}
