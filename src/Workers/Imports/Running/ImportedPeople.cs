using Events.Commands.Access;
using Events.Commands.People;
using Events.EventStore;
using Events.Platform.Tenancy;
using Events.Workers.Imports.Reading;

namespace Events.Workers.Imports.Running;

/// <summary>
/// Whom the rows of one import mean: a member by their address, else a placeholder, each looked up once. A member from whom the project
/// is hidden is a placeholder as well: the history names them, and no task there becomes theirs.
/// </summary>
internal sealed class ImportedPeople(Placeholders placeholders, WorkspacePeople people, Guid projectId, ImportRecord import, EventMetadata metadata)
{
    private const int MaxRemembered = 50_000;

    private readonly Dictionary<ImportedPerson, Guid> known = [];

    public async ValueTask<Guid?> IdOfAsync(ImportedPerson? person, CancellationToken ct)
    {
        if (person is null)
            return null;
        if (known.TryGetValue(person, out var id))
            return id;
        id = await FindOrNoteAsync(import.Tenant, person, ct);
        if (known.Count >= MaxRemembered)
            known.Clear();
        known[person] = id;
        return id;
    }

    private async Task<Guid> FindOrNoteAsync(TenantId tenant, ImportedPerson person, CancellationToken ct)
    {
        if (person.Email is { } email && await placeholders.FindMemberAsync(tenant, email, ct) is { } member && await people.SeesAsync(tenant, member, projectId, ct))
            return member;
        var identity = person.Username ?? person.Email ?? person.Name!;
        var id = Placeholders.IdOf(tenant, import.Format, identity);
        await placeholders.NoteAsync(tenant, id, Short(person.Name ?? identity)!, Short(person.Username), Short(person.Email), import.Format, metadata, ct);
        return id;
    }

    private static string? Short(string? text) => text is null ? null : ImportFit.Clean(text.Length <= 200 ? text : text[..200]);
}
