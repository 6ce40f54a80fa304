create table widgets (
  id int primary key,
  label text not null);

create function widget_label(p_id int) returns text language plpgsql as $$
begin
  return (select label from widgets where id = p_id);
end $$;
