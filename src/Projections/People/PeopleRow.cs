using System.Runtime.InteropServices;
using Events.Commands.People;
using Events.Commands.Secrets;
using Events.Commands.Workspaces;
using Events.EventStore;
using Events.Projections.Engine;

namespace Events.Projections.People;

public enum PersonStanding
{
    /// <summary>A member.</summary>
    Active = 0,

    /// <summary>Named by an import; nobody signs in as them.</summary>
    Placeholder = 1,

    /// <summary>A member once.</summary>
    Former = 2,
}

/// <param name="Standing">Null: the person as such, in no workspace, whose name all memberships share.</param>
/// <param name="Role">Null for whom none was ever given; a former member's is the last one.</param>
/// <param name="Name">Null where it stands elsewhere, or when the person was erased.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct PersonEntry(DateTimeOffset JoinedAt, PersonStanding? Standing, WorkspaceRole? Role, SealedText? Name);

/// <summary>What one stream tells of people: a workspace of its members, a person's or placeholder's of that one.</summary>
internal sealed class PeopleRow : StreamRow
{
    public Dictionary<Guid, PersonEntry> People { get; } = [];

    /// <summary>Since they were loaded.</summary>
    public HashSet<Guid> Changed { get; } = [];

    public void Evolve(RecordedEvent recorded)
    {
        switch (recorded.Body)
        {
            case MemberJoined e:
                Set(Member(e.PersonId), new PersonEntry(recorded.Timestamp, PersonStanding.Active, e.Role, null));
                break;
            case MemberRoleChanged e:
                Set(Member(e.PersonId), Known(e.PersonId) with { Role = e.To });
                break;
            case MemberRemoved e:
                Set(Member(e.PersonId), Known(e.PersonId) with { Standing = PersonStanding.Former });
                break;
            case PlaceholderNoted e:
                Set(Key.StreamId, new PersonEntry(recorded.Timestamp, PersonStanding.Placeholder, null, e.Name));
                break;
            case PersonSignedUp e:
                Set(Itself(), new PersonEntry(recorded.Timestamp, null, null, e.Name));
                break;
            case PersonRenamed e:
                Set(Itself(), Known(Key.StreamId) with { Name = e.Name });
                break;
            case PersonErased:
                Set(Itself(), Known(Key.StreamId) with { Name = null });
                break;
            default:
                throw new InvalidOperationException($"Nobody knows what a {recorded.Type} means for people.");
        }
    }

    // The members of a tenant are loaded by its one workspace stream, whose id is the tenant's.
    private Guid Member(Guid personId) => TenantKey.Of(Key.Tenant) == Key.StreamId
        ? personId
        : throw new InvalidOperationException("Members are told of by a workspace's own stream only.");

    private Guid Itself() => Key.Tenant == PeopleTenant.Id
        ? Key.StreamId
        : throw new InvalidOperationException("A person as such is in no workspace.");

    private PersonEntry Known(Guid personId) => People.TryGetValue(personId, out var known)
        ? known
        : throw new InvalidOperationException($"Nothing was told of {personId} before.");

    private void Set(Guid personId, PersonEntry entry)
    {
        People[personId] = entry;
        Changed.Add(personId);
    }
}
