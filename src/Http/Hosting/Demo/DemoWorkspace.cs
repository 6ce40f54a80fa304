using System.Security.Cryptography;
using Bogus;
using Events.Commands.Handling;
using Events.Commands.People;
using Events.Commands.Permissions;
using Events.Commands.Projects;
using Events.Commands.Secrets;
using Events.Commands.Tasks;
using Events.Commands.Workspaces;
using Events.EventStore;
using Events.Platform.Tenancy;
using Events.Projections.Engine;

namespace Events.Http.Hosting.Demo;

/// <summary>Makes the demo workspace at the first start, by the commands that people use: what they see has really happened.</summary>
internal sealed class DemoWorkspace(
    Founding founding,
    PersonCommands people,
    WorkspaceCommands workspaces,
    ProjectCommands projects,
    TaskCommands tasks,
    SubjectKeys keys,
    IdentifierIndex index,
    ProjectionPositions positions,
    DataDirectory directory,
    TimeProvider clock)
{
    private const int Colleagues = 7;
    private const int AtOnce = 16;

    private static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(20);

    private static readonly StoredAnswer NoAnswer = new(204, null, null, ReadOnlyMemory<byte>.Empty);

    private long newest;

    public async Task<DemoLogin> EnsureAsync(CancellationToken ct)
    {
        var login = await DemoLogin.ReadAsync(directory, ct);
        if (login is { IsFilled: true })
            return login;
        if (login is null)
        {
            login = await FoundAsync(ct);
            await login.WriteAsync(directory, ct);
        }

        await FillAsync(login, ct);
        // What making it took is never needed again: this process idles at the size that the next start has from the beginning.
        GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        login = login with { IsFilled = true };
        await login.WriteAsync(directory, ct);
        return login;
    }

    private async Task<DemoLogin> FoundAsync(CancellationToken ct)
    {
        var password = RandomNumberGenerator.GetString("abcdefghjkmnpqrstuvwxyz23456789", 14);
        // The second name is for a start that was cut short before the first login was written down.
        foreach (var name in (string[])["demo@events.example", $"demo-{RandomNumberGenerator.GetHexString(6, lowercase: true)}@events.example"])
        {
            var email = Parse(name);
            if (await people.FindByEmailAsync(email, ct) is not null)
                continue;
            var founded = await founding.FoundAsync("Acme", "Demo Owner", email, password, ct);
            return new DemoLogin(name, password, founded.Token!, founded.WorkspaceId, founded.PersonId, IsFilled: false);
        }

        throw new InvalidOperationException("The demo workspace has no owner that could be written down.");
    }

    private async Task FillAsync(DemoLogin login, CancellationToken ct)
    {
        var context = new CommandContext(new TenantId(login.WorkspaceId), login.PersonId.ToString("D"));
        var content = new DemoContent(DateOnly.FromDateTime(clock.GetUtcNow().UtcDateTime));
        foreach (var (name, color) in DemoContent.Labels)
            await workspaces.RunAsync(context, new DefineLabel(Guid.CreateVersion7(clock.GetUtcNow()), name, color, null), _ => NoAnswer, ct);
        var team = await HireAsync(login, context, ct);
        foreach (var project in content.Projects)
            Note(await projects.CreateAsync(context, new CreateProject(project.Id, project.Key, project.Name) { Description = project.Description, LeadId = login.PersonId }, _ => NoAnswer, ct));
        await Parallel.ForEachAsync(
            content.Tasks([login.PersonId, .. team]),
            new ParallelOptions { MaxDegreeOfParallelism = AtOnce, CancellationToken = ct },
            async (task, stop) => await PlayAsync(context, task, stop));
        // The curl that is printed next should find them.
        await positions.WaitAsync("TaskList", Interlocked.Read(ref newest), LongestWait, ct);
    }

    private async Task PlayAsync(CommandContext context, DemoTask task, CancellationToken ct)
    {
        Note(await tasks.CreateAsync(context, task.Create, _ => NoAnswer, ct));
        foreach (var step in task.Steps)
            Note(await tasks.ChangeAsync(context, task.Create.TaskId, step, _ => NoAnswer, ct));
    }

    private async Task<IReadOnlyList<Guid>> HireAsync(DemoLogin login, CommandContext context, CancellationToken ct)
    {
        var faker = new Faker { Random = new Randomizer(login.WorkspaceId.GetHashCode()) };
        var team = new List<Guid>();
        for (var n = 0; n < Colleagues; n++)
        {
            var (first, last) = (faker.Name.FirstName(), faker.Name.LastName());
            var email = Parse($"{first}.{last}.{n}@events.example".Replace("'", "", StringComparison.Ordinal));
            var personId = Guid.CreateVersion7(clock.GetUtcNow());
            if (await people.SignUpAsync(new NewPerson(personId, $"{first} {last}", email, PasswordHash: null), ct) is not CommandResult<PersonState>.Done)
                continue;
            await JoinAsync(login, context, personId, email, ct);
            team.Add(personId);
        }

        return team;
    }

    private async Task JoinAsync(DemoLogin login, CommandContext context, Guid personId, EmailAddress email, CancellationToken ct)
    {
        var invitationId = Guid.CreateVersion7(clock.GetUtcNow());
        var sealedEmail = await keys.SealNewAsync(invitationId, [email.Value], ct);
        var expires = clock.GetUtcNow() + WorkspaceLimits.InvitationLifetime;
        await people.EnterWorkspaceAsync(personId, login.WorkspaceId, ct);
        await workspaces.RunAsync(context, new InviteMember(invitationId, sealedEmail[0], index.OfEmail(email.Value), personId, WorkspaceRole.Member, login.PersonId, expires), _ => NoAnswer, ct);
        await workspaces.RunAsync(context with { Actor = personId.ToString("D") }, new AcceptInvitation(invitationId, personId), _ => NoAnswer, ct);
    }

    // What is refused was made by a start that was cut short.
    private void Note<TState>(CommandResult<TState> result)
    {
        if (result is not CommandResult<TState>.Done { Position: var position })
            return;
        for (var seen = Interlocked.Read(ref newest); seen < position;)
            seen = Interlocked.CompareExchange(ref newest, position, seen);
    }

    private static EmailAddress Parse(string text) =>
        EmailAddress.TryParse(text, out var email) ? email.Value : throw new InvalidOperationException($"{text} is no address.");
}
