using Events.Commands.People;
using Events.Commands.Projects;
using Events.Commands.Secrets;
using Events.Commands.Tasks;
using Events.Commands.Workspaces;
using Events.Platform.Tenancy;

namespace Events.Projections.Tests;

/// <summary>Random but believable histories of tasks, projects and people, told by a seed.</summary>
internal sealed class History(int seed)
{
    private readonly Random random = new(seed);
    private readonly List<(TenantId Tenant, Guid Stream, TaskModel Model)> tasks = [];
    private readonly List<(TenantId Tenant, Guid Id)> projects = [];
    private readonly TenantId[] tenants = [new(GuidOf(seed, 1)), new(GuidOf(seed, 2)), new("acme corp.")];
    private readonly Guid[] people = [GuidOf(seed, 11), GuidOf(seed, 12), GuidOf(seed, 13)];
    private readonly List<Guid> known = [];
    private readonly HashSet<(TenantId Tenant, Guid Person)> members = [];
    private int number;

    private sealed class TaskModel
    {
        public WorkStatus Status { get; set; }

        public Priority Priority { get; set; }

        public Guid? Assignee { get; set; }

        public DateOnly? Due { get; set; }

        public decimal? Estimate { get; set; }

        public string Title { get; set; } = "";

        public List<Guid> Comments { get; } = [];

        public List<Guid> Items { get; } = [];
    }

    public IReadOnlyList<TenantId> Tenants => tenants;

    /// <summary>The next thing that happens: one to four events of one stream.</summary>
    public (TenantId Tenant, Guid Stream, object[] Events) Next()
    {
        if (projects.Count == 0 || random.Next(12) == 0)
            return NewProject();
        if (random.Next(6) == 0)
            return OfPeople();
        if (tasks.Count == 0 || random.Next(3) == 0)
            return NewTask();
        var (tenant, stream, model) = tasks[random.Next(tasks.Count)];
        return (tenant, stream, [.. Enumerable.Range(0, random.Next(1, 5)).Select(_ => Change(model))]);
    }

    private (TenantId, Guid, object[]) NewProject()
    {
        if (projects.Count > 0 && random.Next(2) == 0)
        {
            var known = projects[random.Next(projects.Count)];
            object change = random.Next(5) switch
            {
                0 => new ProjectRenamed("?", Text()),
                1 => new ProjectDescribed(random.Next(2) == 0 ? null : Text()),
                2 => new ProjectStatusChanged(ProjectStatus.Active, (ProjectStatus)random.Next(4)),
                3 => new ProjectArchived(),
                _ => new ProjectRescheduled(Day(), null),
            };
            return (known.Tenant, known.Id, [change]);
        }

        var project = (Tenant: tenants[random.Next(tenants.Length)], Id: Guid.CreateVersion7());
        projects.Add(project);
        return (project.Tenant, project.Id, [new ProjectCreated($"P{projects.Count}", Text(), null, Person(), null, Day())]);
    }

    /// <summary>Of one person, of one placeholder, or of a workspace's members.</summary>
    private (TenantId, Guid, object[]) OfPeople()
    {
        if (known.Count == 0 || random.Next(4) == 0)
        {
            var newcomer = Guid.CreateVersion7();
            known.Add(newcomer);
            return (PeopleTenant.Id, newcomer, [new PersonSignedUp(Sealed(newcomer), Sealed(newcomer), Guid.NewGuid())]);
        }

        var person = known[random.Next(known.Count)];
        // Only the first two are workspaces; their streams bear their tenants' ids.
        var tenant = tenants[random.Next(2)];
        var workspace = Guid.Parse(tenant.Value);
        switch (random.Next(6))
        {
            case 0:
                return (PeopleTenant.Id, person, [new PersonRenamed(Sealed(person)), new PasswordChanged()]);
            case 1:
                known.Remove(person);
                return (PeopleTenant.Id, person, [new PersonErased()]);
            case 2:
                var noted = Guid.NewGuid();
                return (tenants[random.Next(tenants.Length)], noted, [new PlaceholderNoted(Sealed(noted), null, null, "gitlab-json")]);
            case 3 when members.Contains((tenant, person)):
                members.Remove((tenant, person));
                return (tenant, workspace, [new MemberRoleChanged(person, WorkspaceRole.Member, WorkspaceRole.Admin), new MemberRemoved(person)]);
            case 4 when members.Contains((tenant, person)):
                return (tenant, workspace, [new MemberRoleChanged(person, WorkspaceRole.Member, WorkspaceRole.Viewer), new WorkspaceRenamed("Another")]);
            default:
                members.Add((tenant, person));
                return (tenant, workspace, [new MemberJoined(person, WorkspaceRole.Member, null)]);
        }
    }

    private SealedText Sealed(Guid subject) => new($"{SealedText.Prefix}{subject:N}:{random.Next():x8}");

    private (TenantId, Guid, object[]) NewTask()
    {
        var (tenant, project) = projects[random.Next(projects.Count)];
        var model = new TaskModel { Status = (WorkStatus)random.Next(6), Priority = (Priority)random.Next(5), Assignee = Person(), Due = Day(), Title = Text(), Estimate = Estimate() };
        var stream = Guid.CreateVersion7();
        tasks.Add((tenant, stream, model));
        number++;
        return (tenant, stream,
        [
            new TaskCreated(project, number, $"T-{number}", model.Title, random.Next(2) == 0 ? null : Text(), model.Status, model.Priority, model.Assignee, Labels(), model.Due, model.Estimate, null, $"r{random.Next(1000):0000}"),
        ]);
    }

    private object Change(TaskModel task)
    {
        switch (random.Next(20))
        {
            case 0:
                var title = Text();
                (title, task.Title) = (task.Title, title);
                return new TaskRetitled(title, task.Title);
            case 1:
                return new TaskDescriptionChanged(random.Next(3) == 0 ? null : Text());
            case 2 or 3 or 4:
                var status = task.Status;
                task.Status = (WorkStatus)random.Next(6);
                return new TaskStatusChanged(status, task.Status);
            case 5:
                var priority = task.Priority;
                task.Priority = (Priority)random.Next(5);
                return new TaskPrioritised(priority, task.Priority);
            case 6:
                var assignee = task.Assignee;
                task.Assignee = Person();
                return new TaskAssigned(assignee, task.Assignee);
            case 7:
                return new TaskLabelled(Label());
            case 8:
                return new TaskUnlabelled(Label());
            case 9:
                var due = task.Due;
                task.Due = Day();
                return new TaskScheduled(due, task.Due);
            case 10:
                var estimate = task.Estimate;
                task.Estimate = Estimate();
                return new TaskEstimated(estimate, task.Estimate);
            case 11:
                var (kind, other) = ((LinkKind)random.Next(3), tasks[random.Next(Math.Min(3, tasks.Count))].Stream);
                return random.Next(3) == 0 ? new TaskUnlinked(kind, other) : new TaskLinked(kind, other);
            case 12:
                task.Items.Add(Guid.CreateVersion7());
                return new ChecklistItemAdded(task.Items[^1], Text());
            case 13:
                return task.Items.Count == 0 ? new TaskReranked("x") : new ChecklistItemChanged(task.Items[random.Next(task.Items.Count)], Text(), true);
            case 14:
                task.Comments.Add(Guid.CreateVersion7());
                return new CommentAdded(task.Comments[^1], Text(), "ann");
            case 15:
                return task.Comments.Count == 0 ? new TaskWatched(people[1]) : new CommentEdited(task.Comments[random.Next(task.Comments.Count)], Text());
            case 16:
                if (task.Comments.Count == 0)
                    return new TaskUnwatched(people[1]);
                var comment = task.Comments[random.Next(task.Comments.Count)];
                task.Comments.Remove(comment);
                return new CommentDeleted(comment);
            case 17:
                return random.Next(2) == 0 ? new TaskArchived() : new TaskUnarchived();
            case 18:
                return random.Next(2) == 0 ? new TaskDeleted() : new TaskRestored();
            default:
                return new TaskReranked($"r{random.Next(1000):0000}");
        }
    }

    private string Text() => string.Concat(Enumerable.Range(0, random.Next(1, 6)).Select(_ => Words[random.Next(Words.Length)] + " ")).Trim();

    private static readonly string[] Words = ["invoice", "Ünïcode", "\"quoted\"", "back\\slash", "🎉", "fix", "the", "login", "page", "line\nbreak", "<b>", "it's", "50%"];

    private Guid? Person() => random.Next(4) == 0 ? null : people[random.Next(people.Length)];

    private DateOnly? Day() => random.Next(3) == 0 ? null : new DateOnly(2026, 1, 1).AddDays(random.Next(300));

    private decimal? Estimate() => random.Next(6) switch { 0 => null, 1 => 0m, 2 => 0.25m, 3 => 13m, 4 => 12345.6789m, _ => 1.50m };

    private string[] Labels() => [.. Enumerable.Range(0, random.Next(4)).Select(_ => Label())];

    private string Label() => $"label-{random.Next(6)}";

    private static Guid GuidOf(int seed, int index) => new(seed, (short)index, 7, [1, 2, 3, 4, 5, 6, 7, 8]);
}
