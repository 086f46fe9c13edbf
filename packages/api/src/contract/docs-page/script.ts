/** The docs page's only script, for a Content-Security-Policy that names its hash: search and tabs, which it adds itself. */
export const docsScript = `const all=(query,root=document)=>[...root.querySelectorAll(query)]
const languages=['curl','TypeScript','Python']
const groups=all('.samples').map((group,number)=>{
  const bar=document.createElement('div')
  bar.setAttribute('role','tablist');bar.setAttribute('aria-label','Language')
  const tabs=languages.map((language,index)=>{
    const panel=group.children[index],tab=document.createElement('button')
    tab.type='button';tab.textContent=language;tab.id='tab-'+number+'-'+index;panel.id='panel-'+number+'-'+index
    tab.setAttribute('role','tab');tab.setAttribute('aria-controls',panel.id)
    panel.setAttribute('role','tabpanel');panel.setAttribute('aria-labelledby',tab.id)
    panel.querySelector('h4').hidden=true
    tab.addEventListener('click',()=>choose(language,tab))
    return {tab,panel,language}
  })
  bar.addEventListener('keydown',(event)=>{
    const step={ArrowRight:1,ArrowLeft:2}[event.key]
    if(!step)return
    const now=tabs.findIndex(({tab})=>tab===document.activeElement),next=tabs[(now+step)%tabs.length]
    choose(next.language,next.tab);next.tab.focus();event.preventDefault()
  })
  bar.append(...tabs.map(({tab})=>tab));group.prepend(bar)
  return tabs
})
function choose(language,anchor){
  const before=anchor?anchor.getBoundingClientRect().top:0
  for(const tabs of groups)for(const entry of tabs){
    const chosen=entry.language===language
    entry.panel.hidden=!chosen;entry.tab.setAttribute('aria-selected',String(chosen));entry.tab.tabIndex=chosen?0:-1
  }
  if(anchor)scrollBy(0,anchor.getBoundingClientRect().top-before)
}
choose('curl')
const box=document.querySelector('#search'),field=document.querySelector('#query'),count=document.querySelector('#found')
const articles=all('article').map((article)=>({article,text:article.textContent.toLowerCase(),link:document.querySelector('aside a[href="#'+article.id+'"]')}))
box.hidden=false
box.addEventListener('submit',(event)=>event.preventDefault())
field.addEventListener('input',()=>{
  const words=field.value.toLowerCase().split(/\\s+/).filter(Boolean)
  let found=0
  for(const {article,text,link} of articles){
    const fits=words.every((word)=>text.includes(word))
    article.hidden=!fits;link.parentElement.hidden=!fits
    if(fits)found+=1
  }
  for(const section of all('main section[data-noun]'))section.hidden=all('article',section).every(({hidden})=>hidden)
  for(const noun of all('aside details')){const none=all('li',noun).every(({hidden})=>hidden);noun.hidden=none;noun.open=words.length>0&&!none||noun.dataset.open==='1'}
  count.textContent=words.length===0?'':found===1?'1 operation':found+' operations'
})
for(const noun of all('aside details'))noun.dataset.open=noun.open?'1':''
addEventListener('keydown',(event)=>{
  if(event.key==='/'&&!/^(INPUT|TEXTAREA)$/.test(document.activeElement.tagName)){field.focus();event.preventDefault()}
  if(event.key==='Escape'&&document.activeElement===field){field.value='';field.dispatchEvent(new Event('input'))}
})`
