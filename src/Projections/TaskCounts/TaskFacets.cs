using System.Runtime.InteropServices;
using Events.Commands.Tasks;
using Events.EventStore;
using Events.Projections.Engine;

namespace Events.Projections.TaskCounts;

/// <summary>What is counted, for whom; see the migration.</summary>
internal enum TallyKind : short
{
    Workspace = 0,
    Project = 1,
    Person = 2,
    PersonDue = 3,
    WorkspaceDay = 4,
    ProjectDay = 5,
}

[StructLayout(LayoutKind.Auto)]
internal readonly record struct TallyKey(Guid Tenant, TallyKind Kind, Guid Subject, DateOnly Day, short Status);

/// <summary>Where one task counts; every event takes it out where it was and puts it in where it is.</summary>
internal sealed class TaskFacets : StreamRow
{
    public static readonly DateOnly NoDay = new(1970, 1, 1);

    public Guid ProjectId { get; set; }

    public Guid? AssigneeId { get; set; }

    public DateOnly? DueOn { get; set; }

    public WorkStatus Status { get; set; }

    public bool Archived { get; set; }

    public bool Deleted { get; set; }

    public bool Known { get; set; }

    private bool Counts => Known && !Archived && !Deleted;

    public void Evolve(RecordedEvent recorded)
    {
        if (recorded.Body is not TaskCreated && !Known)
            throw new InvalidOperationException($"A task begins with task_created, not with {recorded.Type}.");
        var day = DateOnly.FromDateTime(recorded.Timestamp.UtcDateTime);
        Tally(day, -1);
        switch (recorded.Body)
        {
            case TaskCreated e:
                (ProjectId, AssigneeId, DueOn, Status, Known) = (e.ProjectId, e.AssigneeId, e.DueOn, e.Status, true);
                break;
            case TaskStatusChanged e:
                Status = e.To;
                break;
            case TaskAssigned e:
                AssigneeId = e.To;
                break;
            case TaskScheduled e:
                DueOn = e.To;
                break;
            case TaskArchived:
                Archived = true;
                break;
            case TaskUnarchived:
                Archived = false;
                break;
            case TaskDeleted:
                Deleted = true;
                break;
            case TaskRestored:
                Deleted = false;
                break;
        }

        Tally(day, +1);
    }

    private void Tally(DateOnly day, int tasks)
    {
        if (!Counts)
            return;
        var sums = (Dictionary<TallyKey, long>)Sums!;
        var tenant = Tenant;
        var status = (short)Status;
        Add(new TallyKey(tenant, TallyKind.Workspace, Guid.Empty, NoDay, status));
        Add(new TallyKey(tenant, TallyKind.Project, ProjectId, NoDay, status));
        Add(new TallyKey(tenant, TallyKind.WorkspaceDay, Guid.Empty, day, status));
        Add(new TallyKey(tenant, TallyKind.ProjectDay, ProjectId, day, status));
        if (AssigneeId is not { } person || Status is WorkStatus.Done or WorkStatus.Cancelled)
            return;
        Add(new TallyKey(tenant, TallyKind.Person, person, NoDay, status));
        if (DueOn is { } due)
            Add(new TallyKey(tenant, TallyKind.PersonDue, person, due, 0));

        void Add(TallyKey key) => CollectionsMarshal.GetValueRefOrAddDefault(sums, key, out _) += tasks;
    }
}
