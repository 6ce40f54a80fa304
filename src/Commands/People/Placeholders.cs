using System.Text.Json.Serialization;
using Events.Commands.Reservations;
using Events.Commands.Secrets;
using Events.EventStore;
using Events.Platform.Tenancy;

namespace Events.Commands.People;

/// <summary>
/// Somebody whom an import names and who is no member: tasks can be theirs and history can name them, but nobody signs in as
/// them. The first event of the person's stream in the workspace.
/// </summary>
/// <param name="Name">As the source shows it; sealed under the person's own key.</param>
/// <param name="Username">In the source.</param>
/// <param name="Source">Where they come from, e.g. <c>gitlab-json</c>.</param>
public sealed record PlaceholderNoted(SealedText Name, SealedText? Username, SealedText? Email, string Source);

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(PlaceholderNoted))]
public sealed partial class PlaceholderJson : JsonSerializerContext;

/// <summary>Finds the person whom an import means, or notes them as a placeholder.</summary>
public sealed class Placeholders(
    AggregateLoader<IdentifierState> identifiers,
    Access.AccessDirectory directory,
    IdentifierIndex index,
    SubjectKeys keys,
    EventAppender appender)
{
    public const string StreamType = "placeholder_state";

    public static void AddTo(EventTypes types) => types.Add("placeholder_noted", PlaceholderJson.Default.PlaceholderNoted);

    /// <summary>The member with this address; null when there is none.</summary>
    public async Task<Guid?> FindMemberAsync(TenantId tenant, string email, CancellationToken ct)
    {
        if (!EmailAddress.TryParse(email, out var address))
            return null;
        var (identifier, _) = await identifiers.LoadAsync(PeopleTenant.Id, index.OfEmail(address.Value.Value), ct);
        if (identifier.PersonId is not { } person)
            return null;
        return (await directory.WorkspaceAsync(tenant, ct)).RoleOf(person) is null ? null : person;
    }

    /// <summary>
    /// The same person of the same source has the same id in every run. Another workspace's id is another, and so is the key:
    /// erasing somebody in one says nothing about the other.
    /// </summary>
    public static Guid IdOf(TenantId tenant, string source, string identity) =>
        ReservedName.StreamOf($"person:{tenant.Value}:{source}:{identity.ToUpperInvariant()}");

    /// <summary>Notes the person unless that has been done.</summary>
    public async Task NoteAsync(TenantId tenant, Guid person, string name, string? username, string? email, string source, EventMetadata metadata, CancellationToken ct)
    {
        var texts = await keys.SealNewAsync(person, [name, username ?? "", email ?? ""], ct);
        var noted = new PlaceholderNoted(texts[0], username is null ? null : texts[1], email is null ? null : texts[2], source);
        await appender.AppendAsync(
            new UnitOfWork(tenant, [new StreamAppend(person, StreamType, ExpectedVersion.NoStream, [noted])]) { Metadata = metadata }, ct);
    }
}
